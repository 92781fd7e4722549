// The rules about fields, against plain spellings of the grammar: names, values, authorities, and which fields go on.
// Input: lines "name: value" (the value is everything after the first ": "), each judged by itself and then as fields
// of one HTTP/1 head.
#include "lib/http/rules.h"

#include "lib/base/strings.h"
#include "lib/http/http1_head.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/heads.h"

namespace heddle::fuzz {
namespace {
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// RFC 9110 §5.6.2, byte by byte.
bool plain_token(std::string_view text) {
  for (char c : text) {
    if (!is_letter(c) && !is_digit(c) && std::string_view("!#$%&'*+-.^_`|~").find(c) == std::string_view::npos)
      return false;
  }
  return !text.empty();
}

// RFC 9110 §5.5, byte by byte.
bool plain_value(std::string_view text) {
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t') || byte == 0x7f) return false;
  }
  return trim(text).size() == text.size();
}

void expect_judgement(std::string_view name, std::string_view value) {
  expect(is_token(name) == plain_token(name), "is_token() is RFC 9110 5.6.2", name);
  bool lower = plain_token(name) && std::none_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  expect(is_lower_token(name) == lower, "is_lower_token() is that in lower case", name);
  expect(is_field_value(value) == plain_value(value), "is_field_value() is RFC 9110 5.5", value);
  if (is_authority(value)) {
    expect(value.find_first_of("/?#@\\% ,\t") == value.npos, "an authority is a host and a port", value);
    expect(value.size() <= kMaxHostBytes + 8, "the size of a host is bounded", value);
  }
  if (!lower) return;
  if (is_masked_name(name)) expect(name.find('_') != name.npos, "only `_` masks", name);
  if (is_connection_level(header_name(name))) {
    expect(is_forbidden_trailer({name, value, header_name(name)}), "what ends at this hop is no trailer", name);
  }
}

// The value of a line of this head that is about somebody's identity must not vanish through Connection.
void expect_head(std::string_view lines, const HttpLimits& limits) {
  std::string text = "POST /x HTTP/1.1\r\nhost: a\r\n";
  for (std::string_view line : split(lines, '\n')) text.append(line).append("\r\n");
  text.append("\r\n");
  BlockPool pool;
  Buffer in(pool, text);
  Http1RequestParser parser(pool, limits, "http");
  if (parser.read(in) != Http1Step::kDone) return;
  RequestHead head = parser.take_head();
  expect_rules(head, limits);
  bool follows = parser.body().kind != Http1BodyPlan::Kind::kNone;
  if (!head.authority().empty()) expect_crosses(head, follows ? BodyFollows::kYes : BodyFollows::kNo, limits);
  strip_trailers(head.fields());
  for (size_t i = 0; i < head.fields().size(); ++i) {
    expect(!is_forbidden_trailer(head.fields().at(i)), "strip_trailers() leaves none", head.fields().at(i).name);
  }
}
}  // namespace

HEDDLE_FUZZ_TARGET(header_rules, input) {
  HttpLimits limits = take_choice(input, 2) == 0 ? HttpLimits() : small_limits();
  for (std::string_view line : split(input, '\n')) {
    size_t colon = std::min(line.find(": "), line.size());
    expect_judgement(line.substr(0, colon), line.substr(std::min(colon + 2, line.size())));
  }
  expect_head(input, limits);
}
}  // namespace heddle::fuzz
