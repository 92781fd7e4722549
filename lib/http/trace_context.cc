#include "lib/http/trace_context.h"

#include <algorithm>
#include <span>

namespace heddle {
namespace {
constexpr char kDigits[] = "0123456789abcdef";

int digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Exactly twice as many lower-case digits as `out` has bytes.
bool read_hex(std::string_view text, std::span<uint8_t> out) noexcept {
  for (size_t i = 0; i < out.size(); ++i) {
    int high = digit(text[2 * i]);
    int low = digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<uint8_t>(high * 16 + low);
  }
  return true;
}

char* write_hex(std::span<const uint8_t> bytes, char* out) noexcept {
  for (uint8_t byte : bytes) {
    *out++ = kDigits[byte >> 4];
    *out++ = kDigits[byte & 15];
  }
  return out;
}

bool is_zero(std::span<const uint8_t> bytes) noexcept {
  return std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0; });
}
}  // namespace

std::optional<TraceContext> TraceContext::parse(std::string_view text) noexcept {
  if (text.size() < kTextSize || text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;
  uint8_t version[1];
  uint8_t flags[1];
  TraceContext out;
  bool is_hex = read_hex(text.substr(0, 2), version) && read_hex(text.substr(3, 32), out.trace_id) &&
                read_hex(text.substr(36, 16), out.span_id) && read_hex(text.substr(53, 2), flags);
  if (!is_hex || version[0] == 0xff || is_zero(out.trace_id) || is_zero(out.span_id)) return std::nullopt;
  bool fits = version[0] == 0 ? text.size() == kTextSize : text.size() == kTextSize || text[kTextSize] == '-';
  if (!fits) return std::nullopt;
  out.flags = flags[0] & (kSampled | kRandomId);
  return out;
}

std::array<char, TraceContext::kTextSize> TraceContext::text() const noexcept {
  std::array<char, kTextSize> out;
  char* at = out.data();
  *at++ = '0';
  *at++ = '0';
  *at++ = '-';
  at = write_hex(trace_id, at);
  *at++ = '-';
  at = write_hex(span_id, at);
  *at++ = '-';
  write_hex({&flags, 1}, at);
  return out;
}
}  // namespace heddle
