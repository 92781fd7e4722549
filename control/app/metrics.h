// ControlPlaneMetrics: what the control plane says of itself at a scrape: sidecars, versions, resources, certificates.
// Read on the control loop, where /metrics is answered.
#pragma once
#include <span>

#include "control/app/own_bundle_endpoint.h"
#include "control/ca/ca_outlook.h"
#include "control/ca/ca_rotator.h"
#include "control/watch/watch_hub.h"
#include "lib/metrics/registry.h"

namespace heddle {
class ControlPlaneMetrics {
 public:
  struct Sources {
    const Store& store;
    const WatchHub& hub;
    const OwnIdentity& identity;
    const CaRotator& ca;
    const CaOutlook& outlook;
    const OwnBundleEndpoint* bundle = nullptr;  // null: no such metrics
  };
  ControlPlaneMetrics(Registry&, const Sources&);

 private:
  Sources sources_;
  std::vector<Pending> callbacks_;
};
std::span<const MetricFamily* const> control_metric_families() noexcept;
}  // namespace heddle
