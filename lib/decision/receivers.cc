#include "lib/decision/receivers.h"

#include <algorithm>

namespace heddle {
namespace {
// A sidecar of a federated domain obeys the policies of its own mesh, which nobody here knows.
bool is_federated(const Model& model, const SpiffeId& receiver) {
  auto is_domain = [&](const auto& entry) {
    return entry.second->trust_domain && entry.second->trust_domain->name() == receiver.trust_domain_name();
  };
  return std::any_of(model.federated_domains.begin(), model.federated_domains.end(), is_domain);
}

void add_receiver(const Model& model, const std::string& identity, Receivers& out) {
  bool fits =
      !identity.empty() && out.identities.size() < Receivers::kMax && !is_federated(model, *SpiffeId::parse(identity));
  if (fits) out.identities.insert(identity);
  out.others = out.others || !fits;
}
}  // namespace

Receivers receivers_of(const Model& model, const Explanation& found) {
  Receivers out;
  for (const ExplainedBackends& backends : found.backends) {
    bool may_get_it = found.forward ? backends.drawn : backends.percent != 0;  // by a session also without a weight
    if (!may_get_it) continue;
    if (!backends.dns.empty()) add_receiver(model, backends.identity, out);
    for (const ExplainedEndpoint& endpoint : backends.endpoints) {
      if (endpoint.weight > 0) add_receiver(model, endpoint.identity, out);
    }
  }
  return out;
}
}  // namespace heddle
