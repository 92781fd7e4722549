#include "control/app/metrics.h"

namespace heddle {
namespace {
constexpr MetricFamily kSidecars{"heddle_control_sidecars", "Watch streams open.", MetricType::kGauge};
constexpr MetricFamily kVersion{"heddle_control_store_sequence", "Sequence of the newest version of the store.",
                                MetricType::kGauge};
constexpr MetricFamily kRuns{"heddle_control_slowest_sequence",
                             "Sequence of the oldest version that a connected sidecar runs.", MetricType::kGauge};
constexpr MetricFamily kResources{"heddle_control_resources", "Resources in the store.", MetricType::kGauge};
constexpr MetricFamily kBytes{"heddle_control_store_bytes", "Bytes of all resources as sidecars get them.",
                              MetricType::kGauge};
constexpr MetricFamily kExpiry{"heddle_control_identity_expiry_timestamp_seconds",
                               "When the control plane's own certificate expires, since 1970.", MetricType::kGauge};
constexpr const MetricFamily* kFamilies[] = {&kSidecars, &kVersion, &kRuns, &kResources, &kBytes, &kExpiry};
}  // namespace

ControlPlaneMetrics::ControlPlaneMetrics(Registry& registry, const Sources& sources) : sources_(sources) {
  MetricScope scope = registry.scope();
  auto add = [&](const MetricFamily& family, auto read) {
    callbacks_.push_back(scope.callback(family, {}, [this, read] { return static_cast<double>(read(sources_)); }));
  };
  add(kSidecars, [](const Sources& s) { return s.hub.size(); });
  add(kVersion, [](const Sources& s) { return s.store.version().sequence; });
  add(kRuns, [](const Sources& s) { return s.hub.min_runs().sequence; });
  add(kResources, [](const Sources& s) { return s.store.view().size(); });
  add(kBytes, [](const Sources& s) { return s.store.view().total_bytes(); });
  add(kExpiry,
      [](const Sources& s) { return std::chrono::duration<double>(s.identity.not_after().since_epoch()).count(); });
}

std::span<const MetricFamily* const> control_metric_families() noexcept { return kFamilies; }
}  // namespace heddle
