// QueueMetrics: who waits at the control plane when many sidecars come at once, at a scrape: first batches of watch
// streams (FirstBatches) and TLS handshakes of the watch endpoint (HandshakeGate). Read on the control loop.
#pragma once
#include <span>

#include "control/app/endpoint.h"
#include "control/watch/watch_hub.h"
#include "lib/metrics/registry.h"

namespace heddle {
class QueueMetrics {
 public:
  QueueMetrics(Registry&, const WatchHub&, ControlEndpoint& watch);

 private:
  std::vector<Pending> callbacks_;
};
std::span<const MetricFamily* const> queue_metric_families() noexcept;
}  // namespace heddle
