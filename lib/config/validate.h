// What resources can get wrong together: references that lead nowhere, names claimed twice, two policies on one
// backend set. Total: every problem of the whole model, with resource and field path. Pure; scans everything.
#pragma once
#include "lib/config/model.h"

namespace heddle {
enum class ModelScope : uint8_t {
  kWhole,  // files, the control plane: everything there is
  kPart,   // what one sidecar was sent: parents of routes, targets of policies and services of workloads may be missing
};

// `own`, where it is known: the trust domain of this mesh, which nobody federates with.
ConfigProblems validate(const Model&, ModelScope, const TrustDomain* own = nullptr);

// The names clients call a service by, beside its bare name: name.ns, name.ns.svc, name.ns.svc.cluster.local, hosts.
std::vector<std::string> qualified_names(const ServiceSpec&);
}  // namespace heddle
