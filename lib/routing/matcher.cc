#include "lib/routing/matcher.h"

#include <algorithm>

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
}  // namespace

std::string_view to_text(Mismatch mismatch) noexcept {
  constexpr std::string_view kNames[] = {"matches", "method differs", "header differs", "query parameter differs"};
  return kNames[static_cast<size_t>(mismatch)];
}

Mismatch check_match(const MatchConditions& match, const RequestFacts& facts) noexcept {
  if (!match.method.empty() && match.method != facts.method) return Mismatch::kMethod;
  for (const NameValueMatch& header : match.headers) {
    if (facts.headers.get(header.name) != header.value) return Mismatch::kHeader;
  }
  for (const NameValueMatch& wanted : match.query) {
    std::optional<std::string_view> value = query_parameter(facts.query, wanted.name);
    if (!value || !equals_decoded(*value, wanted.value)) return Mismatch::kQuery;
  }
  return Mismatch::kNone;
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
}  // namespace heddle
