// KubeInventory: which objects of one resource have been told, each at which resourceVersion, so that after any number
// of broken watches nothing is told twice and nothing is lost. Holds names, not objects. Pure.
#pragma once
#include <map>
#include <vector>

#include "control/kube/kube_resource.h"

namespace heddle {
struct KubeChange {
  KubeKey key;
  std::optional<JsonValue> object;  // nothing: it is gone
};

class KubeInventory {
 public:
  using Objects = std::map<KubeKey, JsonValue>;
  // The object is so. Nothing: it was told at this resourceVersion.
  std::optional<KubeChange> put(KubeKey, JsonValue object);
  std::optional<KubeChange> remove(KubeKey);
  // These objects are there and no others: first what is gone, then what is new or differs.
  std::vector<KubeChange> replace(Objects);
  size_t size() const noexcept { return told_.size(); }

 private:
  std::map<KubeKey, std::string> told_;  // to resourceVersion
};
}  // namespace heddle
