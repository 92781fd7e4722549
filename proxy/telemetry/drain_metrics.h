// The metrics of the end of this process. Cells as in proxy_metrics.h, where the families are listed. Main loop.
#pragma once
#include "lib/metrics/registry.h"

namespace heddle {
struct DrainMetrics {
  // `waited`: seconds; read at scrape.
  DrainMetrics(Registry&, UniqueFunction<double()> waited);
  Gauge state;      // in the order of DrainKeeper::State
  Gauge waits_for;  // sidecars

 private:
  Pending waited_;
};

extern const MetricFamily kDrainStateFamily;
extern const MetricFamily kDrainWaitsForFamily;
extern const MetricFamily kDrainWaitedFamily;
}  // namespace heddle
