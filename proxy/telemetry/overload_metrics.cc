#include "proxy/telemetry/overload_metrics.h"

#include <string>

namespace heddle {
constexpr MetricFamily kConcurrencyLimitFamily{"heddle_inbound_concurrency_limit",
                                               "Adaptive limit of requests that wait for the application's answer.",
                                               MetricType::kGauge,
                                               {"listener"}};
constexpr MetricFamily kConcurrencyFamily{
    "heddle_inbound_concurrency",
    "Requests that wait for the application's answer and count for the adaptive limit.",
    MetricType::kGauge,
    {"listener"}};
constexpr MetricFamily kPriorityRequestsFamily{
    "heddle_inbound_priority_requests_total",
    "Requests judged by spec.overload of the Workload, by priority and outcome: admitted, limit (refused: the adaptive "
    "limit), pressure (refused: memory or a late loop).",
    MetricType::kCounter,
    {"listener", "priority", "outcome"}};

OverloadMetrics::OverloadMetrics(Registry& registry, std::string_view listener) {
  MetricScope scope = registry.scope().with("listener", listener);
  limit = scope.gauge(kConcurrencyLimitFamily);
  in_flight = scope.gauge(kConcurrencyFamily);
  for (size_t priority = 0; priority < kRequestPriorities; ++priority) {
    for (size_t outcome = 0; outcome < kOutcomes.size(); ++outcome) {
      requests[priority][outcome] = scope.counter(
          kPriorityRequestsFamily, {{"priority", std::string(to_text(static_cast<RequestPriority>(priority)))},
                                    {"outcome", std::string(kOutcomes[outcome])}});
    }
  }
}
}  // namespace heddle
