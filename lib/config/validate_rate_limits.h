// RateLimitCounts: how many limits each workload has of all RateLimitPolicies together. Part of validate(). Pure.
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "lib/config/model.h"

namespace heddle {
class RateLimitCounts {
 public:
  void add(const RateLimitPolicySpec&);
  size_t of_all(const std::string& ns) const;  // of policies without a target
  // Of its namespace, its name and its services.
  size_t of(const WorkloadSpec&) const;

 private:
  size_t of(const ResourceKey&) const;
  std::map<ResourceKey, size_t> targets_;  // the name of those without is empty
};
std::string too_many_rate_limits(std::string_view what);
}  // namespace heddle
