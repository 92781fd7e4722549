#include "lib/policy/authz_path.h"

#include <algorithm>
#include <optional>

#include "lib/base/strings.h"

namespace heddle {
namespace {
enum class Reading { kLiteral, kLenient };

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  char lower = to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// One decoded byte after the other.
class PathReader {
 public:
  PathReader(std::string_view path, Reading reading) : rest_(path), lenient_(reading == Reading::kLenient) {}

  std::optional<char> next() noexcept {
    if (lenient_) skip();
    if (rest_.empty()) return std::nullopt;
    return take();
  }

 private:
  // Parameters, then all slashes but one; at the end of the path that one too.
  void skip() noexcept {
    if (!rest_.empty() && rest_.front() == ';') rest_.remove_prefix(std::min(rest_.find('/'), rest_.size()));
    while (rest_.size() > 1 && rest_[0] == '/' && (rest_[1] == '/' || rest_[1] == ';')) {
      size_t to = rest_[1] == '/' ? 1 : rest_.find('/', 1);
      rest_.remove_prefix(std::min(to, rest_.size()));
    }
    if (rest_ == "/") rest_ = {};
  }

  char take() noexcept {
    char c = rest_.front();
    bool escaped = c == '%' && rest_.size() >= 3 && hex_value(rest_[1]) >= 0 && hex_value(rest_[2]) >= 0;
    if (escaped) c = static_cast<char>(hex_value(rest_[1]) * 16 + hex_value(rest_[2]));
    rest_.remove_prefix(escaped ? 3 : 1);
    return c;
  }

  std::string_view rest_;
  bool lenient_;
};

// Segment by segment; `seen` is where the path is now.
bool matches_template(std::string_view pattern, PathReader path, Reading reading) noexcept {
  if (reading == Reading::kLenient && pattern.ends_with('/')) pattern.remove_suffix(1);
  std::optional<char> seen = path.next();
  while (!pattern.empty()) {
    std::string_view segment = pattern.substr(1, pattern.find('/', 1) - 1);
    pattern.remove_prefix(1 + segment.size());
    if (segment == "{**}") return !seen || seen == '/';
    if (seen != '/') return false;
    seen = path.next();
    bool is_variable = segment.starts_with('{');
    if (is_variable && (!seen || seen == '/')) return false;
    while (is_variable && seen && seen != '/') seen = path.next();
    PathReader text(is_variable ? std::string_view() : segment, Reading::kLiteral);
    while (std::optional<char> wanted = text.next()) {
      if (seen != wanted) return false;
      seen = path.next();
    }
  }
  return !seen;
}

bool matches(const PathMatch& pattern, std::string_view path, Reading reading) noexcept {
  if (pattern.type == PathMatchType::kTemplate) return matches_template(pattern.value, {path, reading}, reading);
  PathReader wanted(pattern.value, reading);
  PathReader seen(path, reading);
  while (true) {
    std::optional<char> w = wanted.next();
    std::optional<char> s = seen.next();
    if (!w) return !s || (pattern.type == PathMatchType::kPrefix && *s == '/');
    if (w != s) return false;
  }
}
}  // namespace

AuthzMatch match_authz_path(const PathMatch& pattern, std::string_view path) noexcept {
  path = path.substr(0, path.find('?'));
  bool literal = matches(pattern, path, Reading::kLiteral);
  bool lenient = matches(pattern, path, Reading::kLenient);
  if (literal != lenient) return AuthzMatch::kUnknown;
  return literal ? AuthzMatch::kYes : AuthzMatch::kNo;
}
}  // namespace heddle
