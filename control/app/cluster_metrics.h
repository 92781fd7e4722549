// ClusterMetrics: a cluster as the source, at a scrape: what was taken of it, what is written back, and how fresh it
// is. Read on the control loop, where /metrics is answered. Owned by ClusterPart.
#pragma once
#include <span>

#include "control/source/status_writer.h"
#include "lib/metrics/registry.h"

namespace heddle {
class ClusterMetrics {
 public:
  ClusterMetrics(Registry&, const KubeSource&, const StatusWriter&, Loop&);

 private:
  std::vector<Pending> callbacks_;
};
std::span<const MetricFamily* const> cluster_metric_families() noexcept;
}  // namespace heddle
