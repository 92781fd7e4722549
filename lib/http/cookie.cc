#include "lib/http/cookie.h"

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
std::optional<std::string_view> find_cookie(std::string_view line, std::string_view name) noexcept {
  while (!line.empty()) {
    std::string_view pair = line.substr(0, line.find(';'));
    line.remove_prefix(std::min(line.size(), pair.size() + 1));
    size_t equals = pair.find('=');
    if (equals != pair.npos && trim(pair.substr(0, equals)) == name) return trim(pair.substr(equals + 1));
  }
  return std::nullopt;
}

std::optional<std::string_view> find_cookie(const HeaderMap& request, std::string_view name) noexcept {
  for (size_t i = 0; i < request.size(); ++i) {
    HeaderField field = request.at(i);
    if (field.id != HeaderName::kCookie) continue;
    if (auto value = find_cookie(field.value, name)) return value;
  }
  return std::nullopt;
}
}  // namespace heddle
