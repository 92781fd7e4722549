// The manifests of Heddle's own installation: the files of k8s/, put together as `kubectl kustomize` does it, with
// names, images and the trust domain that were asked for; and what takes them away again. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/json.h"

namespace heddle {
inline constexpr std::string_view kDefaultProxyImage = "heddle-proxy:0.1.0";  // as in the files of k8s/

struct InstallChoice {
  std::string overlay = "base";  // base, dev, ha
  std::string ns = "heddle-system";
  std::string trust_domain = "cluster.local";
  std::string control_image{};  // empty: as in the files
  std::string proxy_image{};
};

// In the order in which they can be made: the namespace, the CRDs, who may do what, what runs, the webhook last.
std::vector<JsonValue> install_objects(const InstallChoice&);
// apiVersion, kind and name of each, in the order in which they are to go: the webhook first, so that no pod waits for
// a control plane that is gone; the namespace last.
enum class CrdsToo : uint8_t { kNo, kYes };  // with them every policy of the cluster goes
std::vector<JsonValue> uninstall_objects(const InstallChoice&, CrdsToo);

// A strategic merge as kustomize has it: objects member by member, null removes, lists whose elements have names by
// name with the patch's first; other lists as a whole.
JsonValue merge_manifest(const JsonValue& base, const JsonValue& patch);
}  // namespace heddle
