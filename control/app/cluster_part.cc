#include "control/app/cluster_part.h"

#include <cstdlib>

#include "lib/base/strings.h"

namespace heddle {
namespace {
std::string environment(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  return value == nullptr ? "" : value;
}
}  // namespace

ClusterPart::ClusterPart(Access, Parts parts, KubeConfig config)
    : client_(parts.context, parts.protocols, parts.tcp, parts.random, std::move(config)),
      source_({client_, parts.store, parts.loop, parts.random, ClusterSettings{std::move(parts.trust_domain)},
               std::move(parts.judge), std::move(parts.on_synced), std::move(parts.log)}) {}

std::string ClusterPart::remark() const {
  std::string waits = source_.waits_for();
  return waits.empty() ? waits : str_cat("cluster: waits for ", waits);
}

Result<std::unique_ptr<ClusterPart>> ClusterPart::create(Parts parts) {
  HEDDLE_TRY(KubeConfig config, load_kube_config(parts.options.kube, environment));
  parts.store.close(
      make_error(Reason::kConflict,
                 "this mesh is what its Kubernetes cluster says: change the objects there (kubectl apply); "
                 "heddle plan and diff show what a change would do"));
  return std::make_unique<ClusterPart>(Access(), std::move(parts), std::move(config));
}
}  // namespace heddle
