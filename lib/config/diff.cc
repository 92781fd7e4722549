#include "lib/config/diff.h"

#include <algorithm>
#include <map>
#include <set>

#include "lib/base/strings.h"

namespace heddle {
namespace {
class FieldDiff {
 public:
  void compare(const std::string& path, const std::optional<JsonValue>& before, const std::optional<JsonValue>& after) {
    if (before && after && *before == *after) return;
    if (before && after && before->is_object() && after->is_object()) return objects(path, *before, *after);
    if (before && after && before->is_array() && after->is_array()) return arrays(path, *before, *after);
    if (before || after) out.push_back({path, before, after});
  }
  std::vector<FieldChange> out;

 private:
  void objects(const std::string& path, const JsonValue& before, const JsonValue& after) {
    std::set<std::string_view> keys;
    for (std::string_view key : before.keys()) keys.insert(key);
    for (std::string_view key : after.keys()) keys.insert(key);
    for (std::string_view key : keys) {
      compare(path.empty() ? std::string(key) : str_cat(path, ".", key), before.find(key), after.find(key));
    }
  }
  void arrays(const std::string& path, const JsonValue& before, const JsonValue& after) {
    auto element = [](const JsonValue& list, size_t i) {
      return i < list.size() ? std::optional<JsonValue>(list.at(i)) : std::nullopt;
    };
    for (size_t i = 0; i < std::max(before.size(), after.size()); ++i) {
      compare(str_cat(path, "[", std::to_string(i), "]"), element(before, i), element(after, i));
    }
  }
};
}  // namespace

std::vector<ResourceChange> diff_resources(std::span<const Resource> before, std::span<const Resource> after) {
  std::map<ResourceKey, const std::string*> old_ones;
  std::map<ResourceKey, const std::string*> new_ones;
  for (const Resource& resource : before) old_ones[resource.key] = &resource.json;
  for (const Resource& resource : after) new_ones[resource.key] = &resource.json;
  std::vector<ResourceChange> out;
  for (const auto& [key, json] : new_ones) {
    auto old_one = old_ones.find(key);
    if (old_one == old_ones.end()) {
      out.push_back({key, ChangeKind::kAdded});
    } else if (*old_one->second != *json) {
      out.push_back({key, ChangeKind::kChanged});
    }
  }
  for (const auto& [key, json] : old_ones) {
    if (!new_ones.contains(key)) out.push_back({key, ChangeKind::kRemoved});
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  return out;
}

std::vector<FieldChange> diff_fields(const JsonValue& before, const JsonValue& after) {
  FieldDiff diff;
  diff.compare("", before, after);
  return std::move(diff.out);
}
}  // namespace heddle
