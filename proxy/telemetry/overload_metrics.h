// The metrics of an inbound listener whose workload has spec.overload. Cells as in proxy_metrics.h, where the families
// are listed. Belongs to the loop that made it.
#pragma once
#include <array>
#include <string_view>

#include "lib/config/overload.h"
#include "lib/metrics/registry.h"

namespace heddle {
struct OverloadMetrics {
  // In the order of ShedCause.
  static constexpr std::array<std::string_view, 3> kOutcomes = {"admitted", "limit", "pressure"};
  OverloadMetrics(Registry&, std::string_view listener);
  void count(RequestPriority priority, size_t outcome) noexcept {
    requests[static_cast<size_t>(priority)][outcome].add();
  }
  Gauge limit;
  Gauge in_flight;
  std::array<std::array<Counter, kOutcomes.size()>, kRequestPriorities> requests;
};

extern const MetricFamily kConcurrencyLimitFamily;
extern const MetricFamily kConcurrencyFamily;
extern const MetricFamily kPriorityRequestsFamily;
}  // namespace heddle
