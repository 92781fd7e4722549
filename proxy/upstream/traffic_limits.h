// What a TrafficPolicy means for the connection pools and the circuit breaker of a backend set: its values, and the
// defaults where it has none. Pure functions.
#pragma once
#include "lib/config/traffic_policy.h"
#include "proxy/upstream/connection_pool.h"

namespace heddle {
// Of the whole process. nullptr: the defaults.
CircuitLimits circuit_limits(const TrafficPolicySpec*) noexcept;
RetryBudgetSpec retry_budget(const TrafficPolicySpec*) noexcept;
PoolLimits pool_limits(const PoolLimits& defaults, const TrafficPolicySpec*) noexcept;
}  // namespace heddle
