// FederatedRoots: the roots of other trust domains as they were said to us (by the control plane, by files, by our own
// state directory), each domain judged by itself: one that cannot be read is left out, or keeps the roots it had, and
// is named. It must not stop our own domain's rotation. Pure but for time spent: for the offload pool.
#pragma once
#include <string>
#include <vector>

#include "certs/trust_bundle.h"
#include "lib/api/federated.h"
#include "lib/base/log.h"

namespace heddle {
struct FederatedRoots {
  std::vector<DomainRoots::Ptr> roots;  // one per domain, never our own
  std::vector<std::string> refused;     // why a domain's newest bundle is not used; names the domain
};

// What the control plane said. A domain is refused when its name or bundle is bad, when it is `own`, and when its roots
// could vouch for nobody or could not be stored (certs/federated_bundle.h).
FederatedRoots parse_federated(const FederatedTexts&, const TrustDomain& own);

// The value to publish: our own roots and those of the others, never merged.
std::shared_ptr<const TrustBundle> bundle_with(DomainRoots::Ptr own, const std::vector<DomainRoots::Ptr>& others);
// The domains of a bundle but our own, sharing its ownership.
std::vector<DomainRoots::Ptr> federated_in(const std::shared_ptr<const TrustBundle>&, const TrustDomain& own);

// One line of the log for each.
void tell_refused(const Logger&, const std::vector<std::string>& refused);
}  // namespace heddle
