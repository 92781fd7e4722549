#include "lib/config/validate_rate_limits.h"

#include "lib/base/strings.h"

namespace heddle {
void RateLimitCounts::add(const RateLimitPolicySpec& policy) {
  ResourceKey target{Kind::kWorkload, policy.key.ns, {}};
  if (policy.target) target = {policy.target->kind, policy.key.ns, policy.target->name};
  targets_[target] += policy.limits.size();
}

size_t RateLimitCounts::of(const ResourceKey& target) const {
  auto found = targets_.find(target);
  return found == targets_.end() ? 0 : found->second;
}

size_t RateLimitCounts::of_all(const std::string& ns) const { return of(ResourceKey{Kind::kWorkload, ns, {}}); }

size_t RateLimitCounts::of(const WorkloadSpec& workload) const {
  if (targets_.empty()) return 0;
  size_t out = of_all(workload.key.ns) + of(workload.key);
  for (const std::string& service : workload.services) {
    out += of(ResourceKey{Kind::kService, workload.key.ns, service});
  }
  return out;
}

std::string too_many_rate_limits(std::string_view what) {
  return str_cat("RateLimitPolicies have more than ", std::to_string(kMaxWorkloadRateLimits), " limits for ", what);
}
}  // namespace heddle
