// FederationMetrics: what is known of federated trust domains, a series for each domain that has a resource (at most
// kMaxFederatedDomains). Read on the control loop, where /metrics is answered; follow() is called there, too.
#pragma once
#include <span>

#include "control/federation/federated_bundles.h"
#include "lib/metrics/registry.h"

namespace heddle {
class FederationMetrics {
 public:
  FederationMetrics(Registry&, const FederatedBundles&, const Clock&);
  // The list of domains has changed.
  void follow();

 private:
  void add(const std::string& domain);
  MetricScope scope_;
  const FederatedBundles& bundles_;
  const Clock& clock_;
  Pending bytes_;
  std::vector<Pending> callbacks_;
};
std::span<const MetricFamily* const> federation_metric_families() noexcept;
}  // namespace heddle
