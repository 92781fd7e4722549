// NamespaceBook: what the namespaces of a cluster say of themselves, for who must know it the moment a pod is made.
// Holds labels and annotations alone. Control loop.
#pragma once
#include "control/kube/kube_watch.h"

namespace heddle {
class NamespaceBook final : private KubeWatch::Observer {
 public:
  NamespaceBook(KubeClient&, Random&);
  // Its metadata; nothing: it is not known, or not yet.
  std::optional<JsonValue> find(std::string_view name) const;

 private:
  void on_synced(const std::vector<JsonValue>& objects) override;
  void on_put(const KubeKey&, const JsonValue& object) override;
  void on_delete(const KubeKey&) override;
  std::map<std::string, JsonValue, std::less<>> namespaces_;
  KubeWatch watch_;
};
}  // namespace heddle
