#include "control/app/rollout_metrics.h"

namespace heddle {
namespace {
constexpr MetricFamily kPhase{"heddle_control_rollout_phase",
                              "1 of the phase that the rollout that runs, or ran last, is in; 0 of the others.",
                              MetricType::kGauge,
                              {"phase"}};
constexpr MetricFamily kStage{"heddle_control_rollout_stage", "Stage of the rollout that runs, from 1; 0: none runs.",
                              MetricType::kGauge};
constexpr MetricFamily kAge{"heddle_control_rollout_phase_seconds",
                            "How long the rollout that runs has been in its phase, as far as this control plane knows.",
                            MetricType::kGauge};
constexpr MetricFamily kFailed{"heddle_control_rollout_write_failures_total",
                               "Steps of rollouts that could not be kept, or nobody knows whether they were.",
                               MetricType::kCounter};
constexpr MetricFamily kFailing{"heddle_control_rollout_step_failing",
                                "1 while a step that is due, as a roll-back, cannot be kept; it is tried each second.",
                                MetricType::kGauge};
constexpr const MetricFamily* kFamilies[] = {&kPhase, &kStage, &kAge, &kFailed, &kFailing};
constexpr RolloutPhase kPhases[] = {RolloutPhase::kPending,    RolloutPhase::kWatching, RolloutPhase::kPaused,
                                    RolloutPhase::kCommitting, RolloutPhase::kPromoted, RolloutPhase::kAborted,
                                    RolloutPhase::kRolledBack};
}  // namespace

RolloutMetrics::RolloutMetrics(Registry& registry, const RolloutKeeper& keeper) {
  MetricScope scope = registry.scope();
  auto add = [&](const MetricFamily& family, auto read) {
    callbacks_.push_back(scope.callback(family, {}, [&keeper, read] { return static_cast<double>(read(keeper)); }));
  };
  for (RolloutPhase phase : kPhases) {
    callbacks_.push_back(scope.callback(kPhase, {{"phase", std::string(to_text(phase))}}, [&keeper, phase] {
      return keeper.state() && keeper.state()->phase() == phase ? 1.0 : 0.0;
    }));
  }
  add(kStage, [](const RolloutKeeper& k) { return k.is_running() ? k.state()->stage() + 1 : 0; });
  add(kAge, [](const RolloutKeeper& k) {
    return k.is_running() ? std::chrono::duration<double>(k.in_phase()).count() : 0.0;
  });
  add(kFailed, [](const RolloutKeeper& k) { return k.failed_writes(); });
  add(kFailing, [](const RolloutKeeper& k) { return k.is_failing() ? 1 : 0; });
}

std::span<const MetricFamily* const> rollout_metric_families() noexcept { return kFamilies; }
}  // namespace heddle
