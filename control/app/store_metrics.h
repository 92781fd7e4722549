// StoreMetrics: how old what the store shows may be, who leads, and the other control planes. Read on the control loop,
// where /metrics is answered.
#pragma once
#include <span>

#include "control/app/store_backend.h"
#include "control/registry/node_registry.h"
#include "lib/metrics/registry.h"

namespace heddle {
class StoreMetrics {
 public:
  // All but the Registry must outlive this.
  StoreMetrics(Registry&, StoreBackend&, const NodeRegistry&, const Clock&);

 private:
  std::vector<Pending> callbacks_;
};
std::span<const MetricFamily* const> store_metric_families() noexcept;
}  // namespace heddle
