#include "lib/base/json_scan.h"

#include <algorithm>
#include <deque>
#include <vector>

#include "lib/base/strings.h"

namespace heddle {
namespace {
bool is_digit(char c) { return c >= '0' && c <= '9'; }

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  char lower = to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}
  Result<void> run() {
    skip_space();
    if (at_end()) return fail("the text is empty; expected a JSON value");
    HEDDLE_CHECK_OK(value());
    skip_space();
    if (!at_end()) return fail("unexpected text after the JSON value");
    return {};
  }

 private:
  struct Name {
    std::string_view text;
    size_t at;
  };

  bool at_end() const { return pos_ >= text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[pos_]; }
  void skip_space() {
    while (!at_end() && (text_[pos_] == ' ' || text_[pos_] == '\n' || text_[pos_] == '\r' || text_[pos_] == '\t'))
      ++pos_;
  }

  Error fail(std::string_view what) const { return fail_at(pos_, what); }
  Error fail_at(size_t at, std::string_view what) const {
    std::string_view before = text_.substr(0, std::min(at, text_.size()));
    auto line = 1 + std::count(before.begin(), before.end(), '\n');
    size_t newline = before.rfind('\n');
    size_t column = newline == std::string_view::npos ? before.size() + 1 : before.size() - newline;
    return make_error(Reason::kConfigInvalid,
                      str_cat("line ", std::to_string(line), ", column ", std::to_string(column), ": ", what));
  }

  Result<void> value() {
    if (at_end()) return fail("the text ends where a value is expected");
    char c = peek();
    if (c == '{') return nested(&Scanner::object);
    if (c == '[') return nested(&Scanner::array);
    if (c == '"') return string();
    if (c == '-' || is_digit(c)) return number();
    for (std::string_view word : {"true", "false", "null"}) {
      if (!text_.substr(pos_).starts_with(word)) continue;
      pos_ += word.size();
      return {};
    }
    return fail("expected a JSON value");
  }

  Result<void> nested(Result<void> (Scanner::*scan)()) {
    if (depth_ >= kMaxJsonDepth) return fail("nested deeper than 64 levels");
    ++depth_;
    ++pos_;
    skip_space();
    HEDDLE_CHECK_OK((this->*scan)());
    --depth_;
    return {};
  }

  Result<void> array() {
    if (close(']')) return {};
    while (true) {
      skip_space();
      HEDDLE_CHECK_OK(value());
      skip_space();
      if (close(']')) return {};
      if (peek() != ',' || at_end()) return fail("expected ',' or ']' in an array");
      ++pos_;
    }
  }

  Result<void> object() {
    size_t first_name = names_.size();
    if (close('}')) return {};
    while (true) {
      skip_space();
      HEDDLE_CHECK_OK(member());
      skip_space();
      if (close('}')) break;
      if (at_end() || peek() != ',') return fail("expected ',' or '}' in an object");
      ++pos_;
    }
    HEDDLE_CHECK_OK(refuse_duplicates(first_name));
    names_.resize(first_name);
    return {};
  }

  Result<void> member() {
    if (peek() != '"') return fail("expected a name in double quotes");
    size_t at = pos_;
    HEDDLE_CHECK_OK(string());
    names_.push_back({decoded(text_.substr(at + 1, pos_ - at - 2)), at});
    skip_space();
    if (peek() != ':') return fail("expected ':' after a name");
    ++pos_;
    skip_space();
    return value();
  }

  bool close(char c) {
    if (peek() != c) return false;
    ++pos_;
    return true;
  }

  Result<void> refuse_duplicates(size_t first) {
    auto begin = names_.begin() + static_cast<ptrdiff_t>(first);
    auto by_text = [](const Name& a, const Name& b) { return a.text != b.text ? a.text < b.text : a.at < b.at; };
    std::sort(begin, names_.end(), by_text);
    auto twin = std::adjacent_find(begin, names_.end(), [](const Name& a, const Name& b) { return a.text == b.text; });
    if (twin == names_.end()) return {};
    return fail_at((twin + 1)->at, str_cat("the name ", in_quotes(twin->text), " stands twice in one object"));
  }

  // Names are compared after unescaping: "a" and "\u0061" are the same name.
  std::string_view decoded(std::string_view raw) {
    if (raw.find('\\') == std::string_view::npos) return raw;
    std::string& out = unescaped_.emplace_back();
    for (size_t i = 0; i < raw.size(); ++i) {
      if (raw[i] != '\\') {
        out.push_back(raw[i]);
        continue;
      }
      ++i;
      if (raw[i] != 'u') {
        size_t which = std::string_view("bfnrt").find(raw[i]);
        out.push_back(which == std::string_view::npos ? raw[i] : "\b\f\n\r\t"[which]);
        continue;
      }
      uint32_t code = hex4(raw.substr(i + 1));
      i += 4;
      if (code >= 0xd800 && code < 0xdc00) {
        code = 0x10000 + ((code - 0xd800) << 10) + (hex4(raw.substr(i + 3)) - 0xdc00);
        i += 6;
      }
      append_utf8(out, code);
    }
    return out;
  }

  static uint32_t hex4(std::string_view text) {
    uint32_t code = 0;
    for (size_t i = 0; i < 4; ++i) code = code * 16 + static_cast<uint32_t>(hex_digit(text[i]));
    return code;
  }

  Result<void> string() {
    ++pos_;
    while (!at_end()) {
      auto c = static_cast<unsigned char>(text_[pos_]);
      if (c == '"') {
        ++pos_;
        return {};
      }
      if (c == '\\') {
        HEDDLE_CHECK_OK(escape());
        continue;
      }
      if (c < 0x20) return fail("a control character in a string must be written as an escape");
      size_t length = utf8_length(text_.substr(pos_));
      if (length == 0) return fail("a string holds invalid UTF-8");
      pos_ += length;
    }
    return fail("the text ends inside a string");
  }

  Result<void> escape() {
    if (pos_ + 1 >= text_.size()) return fail("the text ends inside a string");
    char c = text_[pos_ + 1];
    if (c != 'u') {
      if (std::string_view("\"\\/bfnrt").find(c) == std::string_view::npos) return fail("unknown escape in a string");
      pos_ += 2;
      return {};
    }
    size_t at = pos_;
    HEDDLE_TRY(uint32_t code, unicode_escape());
    if (code == 0) return fail_at(at, "\\u0000 is not allowed in a string");
    if (code >= 0xdc00 && code < 0xe000) return fail_at(at, "an escaped low surrogate stands alone");
    if (code < 0xd800 || code >= 0xdc00) return {};
    if (!text_.substr(pos_).starts_with("\\u")) return fail_at(at, "an escaped high surrogate stands alone");
    HEDDLE_TRY(uint32_t low, unicode_escape());
    if (low < 0xdc00 || low >= 0xe000) return fail_at(at, "an escaped high surrogate stands alone");
    return {};
  }

  Result<uint32_t> unicode_escape() {
    std::string_view digits = text_.substr(pos_ + 2, 4);
    if (digits.size() < 4 || std::any_of(digits.begin(), digits.end(), [](char c) { return hex_digit(c) < 0; })) {
      return fail("\\u needs four hexadecimal digits");
    }
    pos_ += 6;
    return hex4(digits);
  }

  Result<void> number() {
    if (peek() == '-') ++pos_;
    if (!is_digit(peek())) return fail("a number needs a digit here");
    if (peek() == '0') {
      ++pos_;
      if (is_digit(peek())) return fail("a number must not start with 0");
    }
    skip_digits();
    if (peek() == '.') {
      ++pos_;
      if (!is_digit(peek())) return fail("a number needs a digit after '.'");
      skip_digits();
    }
    if (peek() != 'e' && peek() != 'E') return {};
    ++pos_;
    if (peek() == '+' || peek() == '-') ++pos_;
    if (!is_digit(peek())) return fail("a number needs a digit in its exponent");
    skip_digits();
    return {};
  }
  void skip_digits() {
    while (is_digit(peek())) ++pos_;
  }

  std::string_view text_;
  size_t pos_ = 0;
  size_t depth_ = 0;
  std::vector<Name> names_;            // of every object that is open, outermost first
  std::deque<std::string> unescaped_;  // storage of names that hold escapes
};
}  // namespace

Result<void> scan_json(std::string_view text, size_t max_bytes) {
  if (text.size() > max_bytes) {
    return make_error(Reason::kTooLarge, str_cat("the JSON text has ", std::to_string(text.size()), " bytes; at most ",
                                                 std::to_string(max_bytes), " are allowed"));
  }
  return Scanner(text).run();
}

size_t utf8_length(std::string_view text) noexcept {
  if (text.empty()) return 0;
  auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(text[i])); };
  uint32_t lead = byte(0);
  if (lead < 0x80) return 1;
  size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  uint32_t code = lead & (0x7fU >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return 0;
    code = (code << 6) | (byte(i) & 0x3fU);
  }
  constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  bool surrogate = code >= 0xd800 && code < 0xe000;
  return code < kSmallest[length] || surrogate || code > 0x10ffff ? 0 : length;
}

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

void append_utf8(std::string& out, uint32_t code) {
  auto put = [&](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xc0 | (code >> 6));
  } else if (code < 0x10000) {
    put(0xe0 | (code >> 12));
    put(0x80 | ((code >> 6) & 0x3f));
  } else {
    put(0xf0 | (code >> 18));
    put(0x80 | ((code >> 12) & 0x3f));
    put(0x80 | ((code >> 6) & 0x3f));
  }
  put(0x80 | (code & 0x3f));
}
}  // namespace heddle
