#include "lib/base/json_escape.h"

#include <algorithm>
#include <cstdint>

namespace heddle {
namespace {
constexpr char kHex[] = "0123456789abcdef";

void append_escaped_ascii(std::string& out, unsigned char c) {
  switch (c) {
    case '"':
      out.append("\\\"");
      return;
    case '\\':
      out.append("\\\\");
      return;
    case '\n':
      out.append("\\n");
      return;
    case '\r':
      out.append("\\r");
      return;
    case '\t':
      out.append("\\t");
      return;
    default:
      break;
  }
  if (c >= 0x20 && c != 0x7f) {
    out.push_back(static_cast<char>(c));
    return;
  }
  out.append("\\u00");
  out.push_back(kHex[c >> 4]);
  out.push_back(kHex[c & 15]);
}

// What Unicode calls C1 controls, and the two separators that end a line for JavaScript.
bool is_control_sequence(std::string_view sequence) noexcept {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(sequence[i]); };
  if (sequence.size() == 2) return byte(0) == 0xc2 && byte(1) < 0xa0;
  return sequence.size() == 3 && byte(0) == 0xe2 && byte(1) == 0x80 && (byte(2) == 0xa8 || byte(2) == 0xa9);
}

// U+0080 to U+009F, U+2028 and U+2029: escaped, not replaced, so that who reads them gets what was meant.
void append_escaped_control(std::string& out, std::string_view sequence) {
  auto last = static_cast<unsigned char>(sequence.back());
  out.append(sequence.size() == 2 ? "\\u00" : "\\u20");
  unsigned low = sequence.size() == 2 ? last : last - 0x80U;
  out.push_back(kHex[low >> 4]);
  out.push_back(kHex[low & 15]);
}

struct Lead {
  size_t length;
  unsigned char low, high;  // what the second byte may be (RFC 3629 §4)
};

Lead lead_of(unsigned char c) noexcept {
  if (c >= 0xc2 && c <= 0xdf) return {2, 0x80, 0xbf};
  if (c == 0xe0) return {3, 0xa0, 0xbf};
  if (c == 0xed) return {3, 0x80, 0x9f};
  if (c >= 0xe1 && c <= 0xef) return {3, 0x80, 0xbf};
  if (c == 0xf0) return {4, 0x90, 0xbf};
  if (c >= 0xf1 && c <= 0xf3) return {4, 0x80, 0xbf};
  if (c == 0xf4) return {4, 0x80, 0x8f};
  return {0, 0, 0};
}
}  // namespace

size_t utf8_sequence_length(std::string_view text) noexcept {
  if (text.empty()) return 0;
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return 1;
  Lead lead = lead_of(byte(0));
  if (lead.length == 0 || text.size() < lead.length || byte(1) < lead.low || byte(1) > lead.high) return 0;
  for (size_t i = 2; i < lead.length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  return lead.length;
}

void append_json_string(std::string& out, std::string_view text) {
  out.push_back('"');
  for (size_t i = 0; i < text.size();) {
    auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x80) {
      append_escaped_ascii(out, c);
      ++i;
      continue;
    }
    size_t length = utf8_sequence_length(text.substr(i));
    std::string_view sequence = text.substr(i, length);
    if (length == 0) {
      out.append("\\ufffd");
    } else if (is_control_sequence(sequence)) {
      append_escaped_control(out, sequence);
    } else {
      out.append(sequence);
    }
    i += std::max<size_t>(length, 1);
  }
  out.push_back('"');
}

void append_json_key(std::string& out, std::string_view key) {
  if (!out.empty() && out.back() != '{') out.push_back(',');
  append_json_string(out, key);
  out.push_back(':');
}
}  // namespace heddle
