#include "proxy/telemetry/drain_metrics.h"

namespace heddle {
constexpr MetricFamily kDrainStateFamily{
    "heddle_drain_state",
    "How far this process is on its way out: 0 serving, 1 waits until others let go of it, 2 what comes for the "
    "application drains, 3 all drains.",
    MetricType::kGauge};
constexpr MetricFamily kDrainWaitsForFamily{"heddle_drain_waits_for_sidecars",
                                            "Sidecars that may still send requests to this one while it leaves.",
                                            MetricType::kGauge};
constexpr MetricFamily kDrainWaitedFamily{
    "heddle_drain_waited_seconds", "For how long this process has waited, or did wait, until others let go of it.",
    MetricType::kGauge};

DrainMetrics::DrainMetrics(Registry& registry, UniqueFunction<double()> waited)
    : state(registry.scope().gauge(kDrainStateFamily)),
      waits_for(registry.scope().gauge(kDrainWaitsForFamily)),
      waited_(registry.scope().callback(kDrainWaitedFamily, {}, std::move(waited))) {}
}  // namespace heddle
