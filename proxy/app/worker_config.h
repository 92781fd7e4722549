// WorkerConfig: what one worker obeys: the newest snapshot and, beside it, this worker's runtime (backend sets with
// their pools, metric cells). Belongs to the worker's loop. A request pins the WorkerSnapshot it started with; parts
// that did not change are carried over from one to the next.
#pragma once
#include <memory>
#include <unordered_map>
#include <vector>

#include "lib/snapshot/destinations.h"
#include "lib/snapshot/snapshot.h"
#include "proxy/exchange/route_target.h"
#include "proxy/telemetry/proxy_metrics.h"
#include "proxy/upstream/backend_set.h"
#include "proxy/upstream/dns_sets.h"

namespace heddle {

struct WorkerSnapshot {
  std::shared_ptr<const Snapshot> snapshot;
  std::vector<std::shared_ptr<BackendSet>> backend_sets;  // by BackendSetId
  std::shared_ptr<const Destinations> destinations;       // nullptr where no listener intercepts
};

class WorkerConfig {
 public:
  WorkerConfig(UpstreamContext& upstream, Registry& metrics) : upstream_(upstream), metrics_(metrics) {}
  void apply(std::shared_ptr<const Snapshot>);
  // From now on there are WorkerSnapshot::destinations, which intercepting listeners ask.
  void need_destinations();
  // What DNS says about the sets that are looked up; those that changed keep the pools of the endpoints that stay.
  void resolve(std::shared_ptr<const ResolvedSets>);
  // nullptr before the first configuration.
  const std::shared_ptr<const WorkerSnapshot>& current() const noexcept { return current_; }
  const Clock& clock() const noexcept { return upstream_.session_context.loop; }
  // The cells of a (service, route, backend set); made at first use and kept as long as the process.
  RouteRuntime& runtime(Direction, std::string_view service, std::string_view route, std::string_view backend_set);

 private:
  BackendSet::Spec spec_of(const BackendSetEntry&) const;
  void update(BackendSet&, const BackendSetEntry&) const;
  UpstreamContext& upstream_;
  Registry& metrics_;
  bool needs_destinations_ = false;
  std::shared_ptr<const WorkerSnapshot> current_;
  std::shared_ptr<const ResolvedSets> resolved_;  // nullptr: nothing was looked up
  std::unordered_map<std::string, std::unique_ptr<RouteRuntime>> runtimes_;
};
}  // namespace heddle
