#include "lib/routing/matcher.h"

#include <algorithm>
#include <array>

#include "lib/base/strings.h"

namespace heddle {
namespace {
int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  char lower = to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Takes one decoded byte from the front; what is no escape stands for itself.
char take_decoded(std::string_view& raw) {
  char c = raw.front();
  if (c == '%' && raw.size() >= 3 && hex_value(raw[1]) >= 0 && hex_value(raw[2]) >= 0) {
    c = static_cast<char>(hex_value(raw[1]) * 16 + hex_value(raw[2]));
    raw.remove_prefix(3);
    return c;
  }
  raw.remove_prefix(1);
  return c == '+' ? ' ' : c;
}

bool fits(const NameValueMatch& wanted, std::string_view value) noexcept {
  return wanted.regex ? wanted.regex.matches(value) : value == wanted.value;
}

bool fits_decoded(const NameValueMatch& wanted, std::string_view raw) noexcept {
  return wanted.regex ? matches_decoded(raw, wanted.regex) : equals_decoded(raw, wanted.value);
}

MatchVerdict check_headers(const MatchConditions& match, const HeaderView& headers) noexcept {
  for (uint8_t i = 0; i < match.headers.size(); ++i) {
    std::optional<std::string_view> value = headers.get(match.headers[i].name);
    if (!value) return {Mismatch::kHeaderAbsent, i};
    if (!fits(match.headers[i], *value)) return {Mismatch::kHeader, i};
  }
  return {};
}

MatchVerdict check_query(const MatchConditions& match, std::string_view query) noexcept {
  for (uint8_t i = 0; i < match.query.size(); ++i) {
    std::optional<std::string_view> value = query_parameter(query, match.query[i].name);
    if (!value) return {Mismatch::kQueryAbsent, i};
    if (!fits_decoded(match.query[i], *value)) return {Mismatch::kQuery, i};
  }
  return {};
}

std::string named(std::string_view what, const NameValueMatch& match, std::string_view how) {
  return str_cat(what, " ", in_quotes(match.name), " ", how);
}

std::string_view difference(const NameValueMatch& match) {
  return match.regex ? "does not match its regular expression" : "differs";
}
}  // namespace

MatchVerdict check_match(const MatchConditions& match, const RequestFacts& facts) noexcept {
  if (!match.method.empty() && match.method != facts.method) return {Mismatch::kMethod, 0};
  MatchVerdict of_headers = check_headers(match, facts.headers);
  return of_headers ? check_query(match, facts.query) : of_headers;
}

std::string to_text(MatchVerdict verdict, const MatchConditions* match) {
  if (verdict.mismatch == Mismatch::kNone) return "matches";
  if (verdict.mismatch == Mismatch::kPath || match == nullptr) return "path differs";
  if (verdict.mismatch == Mismatch::kMethod) return str_cat("method differs: ", match->method, " is asked for");
  bool is_header = verdict.mismatch == Mismatch::kHeaderAbsent || verdict.mismatch == Mismatch::kHeader;
  bool is_absent = verdict.mismatch == Mismatch::kHeaderAbsent || verdict.mismatch == Mismatch::kQueryAbsent;
  const NameValueMatch& field = is_header ? match->headers[verdict.field] : match->query[verdict.field];
  return named(is_header ? "header" : "query parameter", field, is_absent ? "is absent" : difference(field));
}

std::optional<std::string_view> query_parameter(std::string_view query, std::string_view name) noexcept {
  while (!query.empty()) {
    size_t end = std::min(query.find('&'), query.size());
    std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    size_t equals = std::min(pair.find('='), pair.size());
    if (!equals_decoded(pair.substr(0, equals), name)) continue;
    return pair.substr(std::min(equals + 1, pair.size()));
  }
  return std::nullopt;
}

bool equals_decoded(std::string_view raw, std::string_view decoded) noexcept {
  while (!raw.empty() && !decoded.empty()) {
    if (take_decoded(raw) != decoded.front()) return false;
    decoded.remove_prefix(1);
  }
  return raw.empty() && decoded.empty();
}

bool matches_decoded(std::string_view raw, const Regex& regex) noexcept {
  std::array<char, kMaxRegexSubject> room;  // NOLINT(*-member-init): only what is written is read
  size_t size = 0;
  for (; !raw.empty() && size < room.size(); ++size) room[size] = take_decoded(raw);
  return raw.empty() && regex.matches({room.data(), size});
}
}  // namespace heddle
