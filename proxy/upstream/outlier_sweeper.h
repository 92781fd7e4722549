// OutlierSweeper: what passive judgement needs besides the workers: at the end of each interval it judges success rates
// and latencies, and forgives; once a second it says what happened meanwhile: a log line for each ejection and return,
// and the metrics. One per process, on the main loop; it must outlive nothing but its timer.
#pragma once
#include <map>
#include <memory>

#include "lib/base/log.h"
#include "lib/base/random.h"
#include "lib/snapshot/snapshot.h"
#include "proxy/resilience/health_table.h"
#include "proxy/telemetry/proxy_metrics.h"

namespace heddle {

struct OutlierSweeperInputs {
  Scheduler& scheduler;
  HealthTable& health;
  Random& random;
  Registry& metrics;
  Logger log;
};

class OutlierSweeper {
 public:
  static constexpr Duration kTick = 1s;
  explicit OutlierSweeper(const OutlierSweeperInputs&);
  ~OutlierSweeper();
  // Backend sets whose policy did not change keep their interval.
  void apply(const Snapshot&);

 private:
  struct Set;
  void on_tick();
  void sweep(Set&);
  void judge(Set&, OutlierGroup&);
  void announce(Set&, OutlierGroup&);
  void announce_endpoint(Set&, const OutlierEndpoint&);

  OutlierSweeperInputs inputs_;
  std::map<ResourceKey, std::unique_ptr<Set>> sets_;
  std::unique_ptr<Timer> timer_;
};
}  // namespace heddle
