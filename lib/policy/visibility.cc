#include "lib/policy/visibility.h"

#include "lib/policy/identity_match.h"

namespace heddle {
bool is_visible(const ServiceSpec& service, const SpiffeId& identity) noexcept {
  switch (service.visibility.scope) {
    case VisibilityScope::kMesh:
      return true;
    case VisibilityScope::kNamespace: {
      auto workload = identity.workload();
      return workload && workload->name_space == service.key.ns;
    }
    case VisibilityScope::kIdentities:
      return matches_any_identity(service.visibility.identities, identity);
  }
  return false;
}
}  // namespace heddle
