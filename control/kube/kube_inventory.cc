#include "control/kube/kube_inventory.h"

#include <utility>

namespace heddle {
std::optional<KubeChange> KubeInventory::put(KubeKey key, JsonValue object) {
  std::string version = resource_version(object);
  auto [at, is_new] = told_.try_emplace(key, version);
  if (!is_new && std::exchange(at->second, version) == version) return std::nullopt;
  return KubeChange{std::move(key), std::move(object)};
}

std::optional<KubeChange> KubeInventory::remove(KubeKey key) {
  if (told_.erase(key) == 0) return std::nullopt;
  return KubeChange{std::move(key), std::nullopt};
}

std::vector<KubeChange> KubeInventory::replace(Objects objects) {
  std::vector<KubeChange> out;
  for (auto it = told_.begin(); it != told_.end();) {
    if (objects.contains(it->first)) {
      ++it;
      continue;
    }
    out.push_back({it->first, std::nullopt});
    it = told_.erase(it);
  }
  for (auto& [key, object] : objects) {
    if (auto change = put(key, std::move(object))) out.push_back(*std::move(change));
  }
  return out;
}
}  // namespace heddle
