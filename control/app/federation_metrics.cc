#include "control/app/federation_metrics.h"

namespace heddle {
namespace {
constexpr MetricFamily kBytes{"heddle_control_federation_bytes",
                              "Bytes of the bundles of all federated trust domains; 786432 are the limit.",
                              MetricType::kGauge};
constexpr MetricFamily kRoots{"heddle_control_federation_roots",
                              "Roots of a federated trust domain that sidecars are told to trust.",
                              MetricType::kGauge,
                              {"trust_domain"}};
constexpr MetricFamily kAge{"heddle_control_federation_age_seconds",
                            "Since the bundle endpoint of a federated trust domain last gave a good answer; -1: never.",
                            MetricType::kGauge,
                            {"trust_domain"}};
constexpr MetricFamily kFailures{"heddle_control_federation_failures",
                                 "Times in a row that the bundle of a federated trust domain could not be had.",
                                 MetricType::kGauge,
                                 {"trust_domain"}};
constexpr const MetricFamily* kFamilies[] = {&kBytes, &kRoots, &kAge, &kFailures};

double age(const FederatedDomain& row, WallTime now) {
  return row.fetched ? std::chrono::duration<double>(now - *row.fetched).count() : -1;
}
}  // namespace

FederationMetrics::FederationMetrics(Registry& registry, const FederatedBundles& bundles, const Clock& clock)
    : scope_(registry.scope()), bundles_(bundles), clock_(clock) {
  bytes_ = scope_.callback(kBytes, {}, [this] { return static_cast<double>(bundles_.trust().bytes); });
  follow();
}

void FederationMetrics::follow() {
  callbacks_.clear();
  for (const auto& [name, row] : bundles_.rows()) add(name);
}

void FederationMetrics::add(const std::string& domain) {
  auto callback = [&](const MetricFamily& family, auto read) {
    callbacks_.push_back(scope_.callback(family, {{"trust_domain", domain}}, [this, domain, read] {
      const FederatedDomain* row = bundles_.find(domain);
      return row == nullptr ? 0.0 : static_cast<double>(read(*row, clock_.wall()));
    }));
  };
  callback(kRoots, [](const FederatedDomain& row, WallTime) {
    return row.bundle ? row.bundle->roots->certificates().size() : size_t{0};
  });
  callback(kAge, age);
  callback(kFailures, [](const FederatedDomain& row, WallTime) { return row.failures; });
}

std::span<const MetricFamily* const> federation_metric_families() noexcept { return kFamilies; }
}  // namespace heddle
