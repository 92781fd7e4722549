// backend_troubles: the backend sets with endpoints that this sidecar does not use, because a check failed or they are
// ejected, for the report to the control plane (`heddle check`). Off the request path, on the main loop.
#pragma once
#include <vector>

#include "lib/api/watch_messages.h"
#include "lib/snapshot/snapshot.h"
#include "proxy/resilience/health_table.h"
#include "proxy/upstream/dns_sets.h"

namespace heddle {
// The worst first: with no endpoint up, then by how many are down; at most kMaxBackendTroubles. Subsets are seen in
// their sets. `resolved`: the endpoints of sets that are looked up; may be null.
std::vector<BackendTrouble> backend_troubles(const Snapshot&, HealthTable&, const ResolvedSets* resolved);
}  // namespace heddle
