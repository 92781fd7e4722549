// UpstreamMetrics: what one worker counts of one backend set. Made with the set's first pick, so that a set nobody uses
// costs nothing; shared by the set, its endpoints' pools and connectors, and the picks that are out. A set that is
// carried over to the next snapshot keeps it; when the last of them is gone, gauges vanish and counters stay counted.
// Belongs to one loop. Nothing here allocates but the first count of a reason, a resource or an outcome.
#pragma once
#include <array>

#include "lib/api/resource.h"
#include "proxy/resilience/circuit_breaker.h"
#include "proxy/resilience/hedge.h"
#include "proxy/telemetry/proxy_metrics.h"
#include "proxy/upstream/mirror_outcome.h"

namespace heddle {
class UpstreamMetrics {
 public:
  // Labelled "namespace/name"; without a namespace by the name alone.
  UpstreamMetrics(Registry& registry, const ResourceKey& backend_set);
  void on_connected(Duration took) noexcept;
  void on_connect_failed(Reason why) { cells_.connects[why].add(); }
  void on_connection_opened() noexcept { cells_.connections.add(1); }
  void on_connections_gone(size_t count) noexcept { cells_.connections.sub(static_cast<int64_t>(count)); }
  void on_waiting() noexcept { cells_.pending.add(1); }
  void on_waited(size_t count = 1) noexcept { cells_.pending.sub(static_cast<int64_t>(count)); }
  void on_reused() noexcept { cells_.reused.add(); }
  void on_retry(Reason of_failed_try) { cells_.retries[of_failed_try].add(); }
  void on_hedge(HedgeResult result) { cells_.hedges[to_text(result)].add(); }
  void on_budget_spent() { cells_.retries_over_budget.add(); }
  void on_refused(CircuitResource);
  void on_panic() noexcept { cells_.panics.add(); }
  void on_mirrored(MirrorOutcome);
  void on_left() noexcept { cells_.left.add(); }

 private:
  BackendSetMetrics cells_;
  Counter& connected_;
  std::array<Counter*, kCircuitResources> refused_{};  // nullptr: never refused
  std::array<Counter*, kMirrorOutcomes> mirrored_{};   // nullptr: never
};
}  // namespace heddle
