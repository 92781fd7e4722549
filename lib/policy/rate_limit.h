// Rate limits: which limits a workload has (select_rate_limits), which of them count a request (check_rate_limit), and
// what a request is counted by (hash_rate_key). Pure functions of model and facts; asking allocates nothing but for
// what lib/config/regex.h says of expressions. Buckets are proxy/resilience/rate_buckets.h.
//
// A match is an HTTPRoute's (Gateway API), but for Exact and PathPrefix: these are read as AuthorizationPolicies do
// (authz_path.h), and a path that applications may read in two ways counts for both: nobody gets past them by another
// spelling. Expressions see the path as it was sent; one that is too long for them counts.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "lib/base/sip_hash.h"
#include "lib/policy/authz.h"
#include "lib/routing/matcher.h"

namespace heddle {
struct SelectedRateLimit {
  std::shared_ptr<const RateLimitPolicySpec> policy;
  uint32_t index = 0;
  const RateLimit& limit() const noexcept { return policy->limits[index]; }
  bool operator==(const SelectedRateLimit&) const = default;
};
// In the order in which they are asked: policies by key, limits as their author wrote them.
std::vector<SelectedRateLimit> select_rate_limits(const Model&, const AuthzSubject&);

// Whether the limit counts the request; else why its last match does not fit.
MatchVerdict check_rate_limit(const RateLimit&, const RequestFacts&) noexcept;
std::string why_not_limited(const RateLimit&, const RequestFacts&);  // empty: it counts

// Equal where the limit has one bucket: the caller's id and each header's values, of which "absent" is one, too.
// Without keys all are equal. `peer`: proved; nullptr: nobody.
uint64_t hash_rate_key(const RateLimit&, const SpiffeId* peer, const HeaderMap&, const SipKey&) noexcept;
uint64_t hash_caller(const SpiffeId* peer, const SipKey&) noexcept;

// "100 per 1s, burst 200, by sourceIdentity and x-tenant"
std::string to_text(const RateLimit&);
}  // namespace heddle
