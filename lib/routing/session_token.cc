#include "lib/routing/session_token.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "lib/base/sip_hash.h"

namespace heddle {
namespace {
constexpr char kVersion = '1';
constexpr std::string_view kDigits = "0123456789abcdef";

constexpr uint64_t kPurpose = 0x6865'6464'6c65'3173U;  // nobody else hashes the same texts to the same numbers

uint64_t chained(uint64_t seed, std::string_view text, uint64_t number = kPurpose) noexcept {
  uint64_t out = sip_hash({seed, number}, text);
  return out == 0 ? 1 : out;
}

char* write_hex(char* to, uint64_t value, size_t digits) noexcept {
  for (size_t i = digits; i-- > 0; value >>= 4) to[i] = kDigits[value & 0xf];
  return to + digits;
}

// Takes as many digits off the text.
bool read_hex(std::string_view& text, size_t digits, uint64_t& out) noexcept {
  std::string_view part = text.substr(0, digits);
  text.remove_prefix(part.size());
  bool is_hex = part.find_first_not_of(kDigits) == part.npos;
  return is_hex && std::from_chars(part.data(), part.data() + part.size(), out, 16).ec == std::errc{};
}
}  // namespace

std::string_view format_session_token(const SessionToken& token, SessionTokenText& room) noexcept {
  char* at = room.data();
  *at++ = kVersion;
  at = write_hex(at, token.backend, 16);
  at = write_hex(at, token.endpoint, 16);
  at = write_hex(at, token.begun, 8);
  write_hex(at, token.seen, 8);
  return {room.data(), room.size()};
}

std::optional<SessionToken> parse_session_token(std::string_view text) noexcept {
  if (text.size() != kSessionTokenBytes || text.front() != kVersion) return std::nullopt;
  text.remove_prefix(1);
  SessionToken out;
  uint64_t begun = 0;
  uint64_t seen = 0;
  bool fits = read_hex(text, 16, out.backend) && read_hex(text, 16, out.endpoint) && read_hex(text, 8, begun) &&
              read_hex(text, 8, seen);
  if (!fits || out.backend == 0 || out.endpoint == 0 || seen < begun) return std::nullopt;
  out.begun = static_cast<uint32_t>(begun);
  out.seen = static_cast<uint32_t>(seen);
  return out;
}

uint32_t session_seconds(WallTime time) noexcept {
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time.since_epoch()).count();
  constexpr int64_t kMost = std::numeric_limits<uint32_t>::max();
  return static_cast<uint32_t>(std::clamp<int64_t>(seconds, 0, kMost));
}

WallTime session_time(uint32_t seconds) noexcept { return WallTime(std::chrono::seconds(seconds)); }

uint64_t session_scope(const ResourceKey& key) noexcept {
  return chained(chained(chained(0, info(key.kind).name), key.ns), key.name);
}

uint64_t session_backend(uint64_t route_scope, std::string_view rule, uint64_t set_scope) noexcept {
  return chained(route_scope, rule, set_scope);
}

uint64_t session_endpoint(uint64_t set_scope, const Address& address) noexcept {
  Address::IpText room;
  return chained(set_scope, address.is_ip() ? address.ip(room) : std::string_view(address.path()), address.port());
}
}  // namespace heddle
