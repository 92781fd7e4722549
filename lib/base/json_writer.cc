#include "lib/base/json_writer.h"

#include <charconv>
#include <cmath>

#include "lib/base/json.h"
#include "lib/base/json_scan.h"

namespace heddle {
namespace {
constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

template <class T>
void append_number(std::string& out, T number) {
  char digits[32];
  auto [end, error] = std::to_chars(digits, digits + sizeof(digits), number);
  out.append(digits, end);
}

void append_escaped(std::string& out, char c) {
  constexpr std::string_view kShort = "\"\\\b\f\n\r\t";
  size_t which = kShort.find(c);
  out.push_back('\\');
  if (which != std::string_view::npos) {
    out.push_back("\"\\bfnrt"[which]);
    return;
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  auto u = static_cast<unsigned char>(c);
  out.append("u00").push_back(kHex[u >> 4]);
  out.push_back(kHex[u & 15]);
}
}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out.push_back('"');
  while (!text.empty()) {
    size_t plain = 0;
    while (plain < text.size() && text[plain] >= 0x20 && text[plain] != '"' && text[plain] != '\\' &&
           text[plain] != 0x7f) {
      ++plain;  // char is signed: bytes above 0x7f stop here too
    }
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    size_t length = utf8_length(text);
    if (length == 0) {
      out.append(kReplacement);
    } else if (length == 1) {
      append_escaped(out, text[0]);
    } else {
      out.append(text.substr(0, length));
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out.push_back('"');
}

void JsonWriter::before_value() {
  if (comma_) out_.push_back(',');
  comma_ = true;
}

JsonWriter& JsonWriter::open(char c) {
  before_value();
  out_.push_back(c);
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::shut(char c) {
  out_.push_back(c);
  comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  before_value();
  append_json_string(out_, name);
  out_.push_back(':');
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::string(std::string_view text) {
  before_value();
  append_json_string(out_, text);
  return *this;
}

JsonWriter& JsonWriter::integer(int64_t number) {
  before_value();
  append_number(out_, number);
  return *this;
}

JsonWriter& JsonWriter::unsigned_integer(uint64_t number) {
  before_value();
  append_number(out_, number);
  return *this;
}

JsonWriter& JsonWriter::number(double number) {
  if (!std::isfinite(number)) return null();
  before_value();
  size_t start = out_.size();
  append_number(out_, number);
  // A double stays a double when it is read again.
  if (std::string_view(out_).substr(start).find_first_of(".e") == std::string_view::npos) out_.append(".0");
  return *this;
}

JsonWriter& JsonWriter::boolean(bool truth) { return raw(truth ? "true" : "false"); }
JsonWriter& JsonWriter::null() { return raw("null"); }

JsonWriter& JsonWriter::raw(std::string_view json) {
  before_value();
  out_.append(json);
  return *this;
}

JsonWriter& JsonWriter::value(const JsonValue& v) { return raw(v.compact()); }
}  // namespace heddle
