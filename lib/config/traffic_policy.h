// TrafficPolicy: how much may go to a backend set at once, how long its parts may take, and how its endpoints are
// chosen. What is absent has the default of the proxy, or is what the set says. Limits are of one backend set in one
// sidecar process; its workers divide them. Parsed by parse_traffic_policy.cc. Pure values, immutable once parsed, no
// loop.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/api/resource.h"
#include "lib/base/clock.h"
#include "lib/config/hedge_spec.h"
#include "lib/config/load_balancing.h"
#include "lib/config/retry_spec.h"

namespace heddle {
enum class TrafficLimit : uint8_t { kConnections, kPendingRequests, kRequests, kRetries };
std::string_view to_text(TrafficLimit) noexcept;  // "pendingRequests": the field of spec.limits

struct TrafficLimits {
  std::optional<uint32_t> connections{};
  std::optional<uint32_t> pending_requests{};  // that wait for a connection
  std::optional<uint32_t> requests{};          // in flight, waiting ones included; TCP connections, too
  std::optional<uint32_t> retries{};           // tries in flight that are not their request's first
};

struct TrafficTimeouts {
  std::optional<Duration> connect{};          // of TCP to one endpoint
  std::optional<Duration> pending{};          // of waiting for a connection
  std::optional<Duration> connection_idle{};  // of a connection without a request
  std::optional<Duration> stream_idle{};      // of a request on which nothing moves
  std::optional<Duration> request{};          // of rules that name none; zero: switched off (GEP-1742)
  std::optional<Duration> max_grpc{};         // of what callers ask for by grpc-timeout; zero: that is not honoured
};

struct TrafficPolicySpec {
  ResourceKey key;
  std::vector<std::string> targets;  // backend sets of the same namespace; at least one
  TrafficLimits limits;
  TrafficTimeouts timeouts;
  std::optional<RetrySpec> retry{};  // of rules that name none, and where no route is attached
  std::optional<RetryBudgetSpec> retry_budget{};
  std::optional<HedgeSpec> hedge{};
  std::optional<LbOverride> lb{};  // wins over the sets' own
};

inline constexpr int64_t kMaxTrafficLimit = 1'000'000;
inline constexpr size_t kMaxPolicyTargets = 1000;
}  // namespace heddle
