#include "control/app/store_metrics.h"

#include <algorithm>

namespace heddle {
namespace {
constexpr MetricFamily kCurrent{"heddle_control_store_current",
                                "1 while the store is known to show the newest version; 0: what it is shared by (etcd, "
                                "the API server) does not answer.",
                                MetricType::kGauge};
constexpr MetricFamily kStale{"heddle_control_store_stale_seconds",
                              "For how long the store has not been known to be current.", MetricType::kGauge};
constexpr MetricFamily kLeader{"heddle_control_leader",
                               "1 while this control plane takes the steps of a task that nobody asked for.",
                               MetricType::kGauge,
                               {"task"}};
constexpr MetricFamily kReplicas{"heddle_control_replicas", "Other control planes of the mesh that are known.",
                                 MetricType::kGauge};
constexpr MetricFamily kSilent{"heddle_control_replicas_silent",
                               "Of them, those that say nothing of their sidecars now.", MetricType::kGauge};
constexpr const MetricFamily* kFamilies[] = {&kCurrent, &kStale, &kLeader, &kReplicas, &kSilent};

double stale_seconds(const StoreBackend& backend, WallTime now) {
  std::optional<JournalHealth> health = backend.health();
  if (!health || health->is_current) return 0;
  return std::max(0.0, std::chrono::duration<double>(now - health->since).count());
}
}  // namespace

StoreMetrics::StoreMetrics(Registry& registry, StoreBackend& backend, const NodeRegistry& nodes, const Clock& clock) {
  MetricScope scope = registry.scope();
  auto add = [&](const MetricFamily& family, auto read) { callbacks_.push_back(scope.callback(family, {}, read)); };
  add(kCurrent, [&backend] {
    std::optional<JournalHealth> health = backend.health();
    return !health || health->is_current ? 1.0 : 0.0;
  });
  add(kStale, [&backend, &clock] { return stale_seconds(backend, clock.wall()); });
  add(kReplicas, [&nodes] { return static_cast<double>(nodes.replicas().size()); });
  add(kSilent,
      [&nodes] { return static_cast<double>(std::ranges::count(nodes.replicas(), false, &ReplicaSight::is_heard)); });
  for (SoleTask task : kSoleTasks) {
    callbacks_.push_back(scope.callback(kLeader, {{"task", std::string(to_text(task))}},
                                        [&backend, task] { return backend.leadership(task).leads() ? 1.0 : 0.0; }));
  }
}

std::span<const MetricFamily* const> store_metric_families() noexcept { return kFamilies; }
}  // namespace heddle
