// traffic_totals: what this process has counted of its requests so far, summed over workers, routes and backend sets,
// for the report to the control plane (lib/api/traffic_counts.h). Reads the cells that requests count in anyway: off
// the request path, on the main loop, a few milliseconds where there are ten thousand series.
#pragma once
#include "lib/api/traffic_counts.h"
#include "lib/metrics/registry.h"

namespace heddle {
SidecarTraffic traffic_totals(const Registry&);
}  // namespace heddle
