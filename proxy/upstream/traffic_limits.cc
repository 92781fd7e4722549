#include "proxy/upstream/traffic_limits.h"

namespace heddle {
CircuitLimits circuit_limits(const TrafficPolicySpec* policy) noexcept {
  CircuitLimits out;
  if (policy == nullptr) return out;
  const TrafficLimits& limits = policy->limits;
  out.connections = limits.connections.value_or(out.connections);
  out.pending = limits.pending_requests.value_or(out.pending);
  out.requests = limits.requests.value_or(out.requests);
  out.retries = limits.retries.value_or(out.retries);
  return out;
}

RetryBudgetSpec retry_budget(const TrafficPolicySpec* policy) noexcept {
  return policy == nullptr ? RetryBudgetSpec{} : policy->retry_budget.value_or(RetryBudgetSpec{});
}

PoolLimits pool_limits(const PoolLimits& defaults, const TrafficPolicySpec* policy) noexcept {
  PoolLimits out = defaults;
  if (policy == nullptr) return out;
  const TrafficTimeouts& timeouts = policy->timeouts;
  out.connect = timeouts.connect.value_or(out.connect);
  out.pending_age = timeouts.pending.value_or(out.pending_age);
  if (timeouts.connection_idle) out.idle = timeouts.connection_idle;
  return out;
}
}  // namespace heddle
