#include "lib/http/header_name.h"

#include <array>

namespace heddle {
namespace {
constexpr std::array<std::string_view, static_cast<size_t>(HeaderName::kCount)> kNames = {
    "",
    "accept",
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "date",
    "expect",
    "forwarded",
    "grpc-message",
    "grpc-status",
    "grpc-timeout",
    "heddle-reason",
    "heddle-via",
    "host",
    "http2-settings",
    "keep-alive",
    "location",
    "proxy-authorization",
    "proxy-connection",
    "retry-after",
    "server",
    "te",
    "traceparent",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "x-forwarded-client-cert",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-request-id",
};

// A perfect hash over length, first and last letter, found at compile time: one table look-up, one comparison.
constexpr size_t kSlots = 256;
constexpr size_t slot_of(std::string_view name, size_t a, size_t b) {
  auto first = static_cast<unsigned char>(name.front());
  auto last = static_cast<unsigned char>(name.back());
  auto middle = static_cast<unsigned char>(name[name.size() / 2]);
  return (name.size() * a + first * b + last * 7U + middle * 31U) % kSlots;
}
struct Hash {
  size_t a = 0;
  size_t b = 0;
  std::array<uint8_t, kSlots> table{};
};
constexpr bool fill(Hash& hash) {
  hash.table = {};
  for (size_t i = 1; i < kNames.size(); ++i) {
    uint8_t& cell = hash.table[slot_of(kNames[i], hash.a, hash.b)];
    if (cell != 0) return false;
    cell = static_cast<uint8_t>(i);
  }
  return true;
}
constexpr Hash make_hash() {
  Hash hash;
  for (hash.a = 1; hash.a < 64; ++hash.a) {
    for (hash.b = 1; hash.b < 64; ++hash.b) {
      if (fill(hash)) return hash;
    }
  }
  return Hash{};
}
constexpr Hash kHash = make_hash();
static_assert(kHash.a != 0, "no perfect hash for the header names: add a factor");
}  // namespace

HeaderName header_name(std::string_view lower) noexcept {
  if (lower.size() < 2) return HeaderName::kOther;
  uint8_t index = kHash.table[slot_of(lower, kHash.a, kHash.b)];
  return kNames[index] == lower ? static_cast<HeaderName>(index) : HeaderName::kOther;
}

std::string_view to_text(HeaderName name) noexcept { return kNames[static_cast<size_t>(name)]; }
}  // namespace heddle
