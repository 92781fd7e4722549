// MapFields: header fields by name, for what asks a HeaderView. Pure.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace heddle {
struct MapFields {
  std::map<std::string, std::string, std::less<>> map;
  std::optional<std::string_view> get(std::string_view name) const {
    auto it = map.find(name);
    if (it == map.end()) return std::nullopt;
    return it->second;
  }
};
}  // namespace heddle
