#include "lib/base/bytes.h"

#include <array>

namespace heddle {
namespace {
constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kStandard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string encode(Bytes in, std::string_view alphabet, bool padding) {
  std::string out;
  out.reserve((in.size() + 2) / 3 * 4);
  uint32_t bits = 0;
  int have = 0;
  for (std::byte b : in) {
    bits = (bits << 8) | static_cast<uint32_t>(b);
    for (have += 8; have >= 6; have -= 6) out.push_back(alphabet[(bits >> (have - 6)) & 63]);
  }
  if (have > 0) out.push_back(alphabet[(bits << (6 - have)) & 63]);
  while (padding && out.size() % 4 != 0) out.push_back('=');
  return out;
}

Error bad(const char* what) { return make_error(Reason::kConfigInvalid, what); }
}  // namespace

std::string to_hex(Bytes in) {
  std::string out;
  out.reserve(in.size() * 2);
  for (std::byte b : in) {
    auto v = static_cast<unsigned>(b);
    out.push_back(kHex[v >> 4]);
    out.push_back(kHex[v & 15]);
  }
  return out;
}

Result<std::string> from_hex(std::string_view in) {
  if (in.size() % 2 != 0) return bad("hex text has an odd number of digits");
  std::string out;
  out.reserve(in.size() / 2);
  for (size_t i = 0; i < in.size(); i += 2) {
    int high = hex_value(in[i]);
    int low = hex_value(in[i + 1]);
    if (high < 0 || low < 0) return bad("not a hex digit");
    out.push_back(static_cast<char>(high * 16 + low));
  }
  return out;
}

std::string to_base64(Bytes in) { return encode(in, kStandard, true); }
std::string to_base64url(Bytes in) { return encode(in, kUrl, false); }

Result<std::string> from_base64(std::string_view in) {
  if (in.size() % 4 != 0) return bad("base64 text is not a multiple of four characters");
  size_t padding = in.ends_with("==") ? 2 : in.ends_with("=") ? 1 : 0;
  std::string out;
  out.reserve(in.size() / 4 * 3);
  uint32_t bits = 0;
  int have = 0;
  for (char c : in.substr(0, in.size() - padding)) {
    size_t value = kStandard.find(c);
    if (value == std::string_view::npos) return bad("not a base64 character");
    bits = (bits << 6) | static_cast<uint32_t>(value);
    have += 6;
    if (have >= 8) {
      have -= 8;
      out.push_back(static_cast<char>((bits >> have) & 255));
    }
  }
  if (have > 0 && (bits & ((1U << have) - 1)) != 0) return bad("base64 text has stray trailing bits");
  return out;
}
}  // namespace heddle
