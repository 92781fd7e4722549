// RolloutMetrics: what the staged rollout does, at a scrape: each control plane tells it, those that do not lead
// as they see it. Read on the control loop, where /metrics is answered.
#pragma once
#include <span>

#include "control/plan/rollout_keeper.h"
#include "lib/metrics/registry.h"

namespace heddle {
class RolloutMetrics {
 public:
  RolloutMetrics(Registry&, const RolloutKeeper&);

 private:
  std::vector<Pending> callbacks_;
};
std::span<const MetricFamily* const> rollout_metric_families() noexcept;
}  // namespace heddle
