// node_view: what one sidecar needs of a view, and no more: the services it wants and may see, the services of its own
// workload, and what these refer to (routes, backend sets, their policies). Rules:
// - Service.spec.visibility (lib/policy/visibility.h). "Does not exist" and "not visible" are one answer.
// - a workload always sees the services it serves itself;
// - what a route of a visible service refers to belongs to it, visible by itself or not;
// - AuthorizationPolicies and RateLimitPolicies go to the sidecars of the workloads they protect (lib/policy/authz.h,
//   rate_limit.h), to nobody else;
// - a route in another namespace than its service counts for the sidecars of the route's namespace only (Gateway API,
//   GEP-1294 "consumer route").
// Pure: the same input gives the same bytes and hash on every replica.
#pragma once
#include <set>
#include <string>

#include "control/translate/reference_index.h"
#include "lib/api/watch_messages.h"

namespace heddle {
struct NodeRequest {
  SpiffeId identity;
  WatchScope scope = WatchScope::kWants;  // kEverything must have been authorized by the caller
  std::set<ResourceKey> wants{};          // services
  std::string text{};                     // request_text() of the others, where its owner keeps it
};
// Tells requests apart.
std::string request_text(const NodeRequest&);

// A set of resources and its hash. Immutable and shared by all whose scopes are equal.
struct ScopeSet {
  using Ptr = std::shared_ptr<const ScopeSet>;
  std::vector<StoredResource::Ptr> resources;  // ascending by key text
  Sha256Digest hash;                           // lib/config/content_hash
};
ScopeSet::Ptr make_scope_set(std::vector<StoredResource::Ptr> resources);

struct NodeView {
  Version version;  // of the view it was made from
  ScopeSet::Ptr set;
  std::vector<ResourceKey> unknown;  // wants that do not exist or are not visible
};
NodeView node_view(const ReferenceIndex&, const NodeRequest&);
}  // namespace heddle
