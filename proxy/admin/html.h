// Escaping for the pages of the admin: text of configuration and peers may hold anything. Pure.
#pragma once
#include <string>
#include <string_view>

namespace heddle {
// For text and for attribute values in double quotes.
inline std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}
}  // namespace heddle
