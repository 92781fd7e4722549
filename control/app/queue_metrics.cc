#include "control/app/queue_metrics.h"

namespace heddle {
namespace {
constexpr MetricFamily kFirstWaiting{"heddle_control_first_batches_waiting",
                                     "Watch streams that wait for their turn to get their first batch.",
                                     MetricType::kGauge};
constexpr MetricFamily kFirstInFlight{"heddle_control_first_batches_in_flight",
                                      "First batches of watch streams that were sent and are not answered yet.",
                                      MetricType::kGauge};
constexpr MetricFamily kHandshakesWaiting{"heddle_control_handshakes_waiting",
                                          "TLS handshakes of the watch endpoint that have a step to take and wait.",
                                          MetricType::kGauge};
constexpr MetricFamily kHandshakesInFlight{"heddle_control_handshakes_in_flight",
                                           "TLS handshakes of the watch endpoint that have begun.", MetricType::kGauge};
constexpr const MetricFamily* kFamilies[] = {&kFirstWaiting, &kFirstInFlight, &kHandshakesWaiting,
                                             &kHandshakesInFlight};
}  // namespace

QueueMetrics::QueueMetrics(Registry& registry, const WatchHub& hub, ControlEndpoint& watch) {
  MetricScope scope = registry.scope();
  auto add = [&](const MetricFamily& family, auto read) {
    callbacks_.push_back(scope.callback(family, {}, [read] { return static_cast<double>(read()); }));
  };
  add(kFirstWaiting, [&hub] { return hub.first_batches().waiting(); });
  add(kFirstInFlight, [&hub] { return hub.first_batches().under_way(); });
  add(kHandshakesWaiting, [&watch] { return watch.handshakes().waiting(); });
  add(kHandshakesInFlight, [&watch] { return watch.handshakes().in_flight(); });
}

std::span<const MetricFamily* const> queue_metric_families() noexcept { return kFamilies; }
}  // namespace heddle
