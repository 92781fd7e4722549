// What a backend set is once its parent (of a subset) and its TrafficPolicy have been asked: the form that balancers,
// checks, views and `explain` see. Pure.
//
// Endpoints, tls and protocol of a subset are its parent's. How it balances says the first of: the TrafficPolicy that
// targets it, it itself, the TrafficPolicy of its parent, its parent. A policy says it field by field.
#pragma once
#include "lib/config/model.h"

namespace heddle {
struct BackendSetParts {
  std::shared_ptr<const BackendSetSpec> own;
  std::shared_ptr<const BackendSetSpec> parent;             // of a subset; else nullptr
  std::shared_ptr<const TrafficPolicySpec> traffic;         // that targets it; may be nullptr
  std::shared_ptr<const TrafficPolicySpec> parent_traffic;  // that targets its parent; may be nullptr
  // Of the same objects; then all that is made of them is the same, too.
  bool operator==(const BackendSetParts&) const = default;
};

// `own` itself where nothing else says anything.
std::shared_ptr<const BackendSetSpec> effective_backend_set(const BackendSetParts&);
LbSpec effective_lb(const BackendSetParts&);
// The policy that says something of how it balances; nullptr: the set, or its parent, alone.
const TrafficPolicySpec* lb_policy_of(const BackendSetParts&) noexcept;
// Limits, times and retries: the policy of the set, else that of its parent.
const std::shared_ptr<const TrafficPolicySpec>& traffic_of(const BackendSetParts&) noexcept;

inline bool is_subset(const BackendSetSpec& set) noexcept { return !set.subset.is_default(); }
// Of a subset its parent, whose checks are the subset's; else itself.
ResourceKey parent_or_own_key(const BackendSetSpec&);
bool has_labels(const Endpoint&, const Labels&) noexcept;
std::string labels_text(const Labels&);  // "tier=gold,version=v2"
}  // namespace heddle
