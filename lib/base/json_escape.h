// Writes JSON text without a JSON library: for log lines, which are built one field at a time. Pure.
// Everything that could break a line or a terminal is escaped; bytes that are not UTF-8
// become U+FFFD, so that a line is always valid JSON (RFC 8259) whatever a peer sent.
#pragma once
#include <string>
#include <string_view>

namespace heddle {
// Appends `text` as a quoted JSON string.
void append_json_string(std::string& out, std::string_view text);
// Appends ,"key": or "key": when `out` ends with '{'.
void append_json_key(std::string& out, std::string_view key);
// Length of the UTF-8 sequence at the start of `text`; 0 when it is malformed (overlong, surrogate, cut off).
size_t utf8_sequence_length(std::string_view text) noexcept;
}  // namespace heddle
