// /livez, /readyz, /healthz, /metrics: what orchestrators and Prometheus ask. Pure functions of what the providers say
// now, plus their routes. Main loop.
// livez never depends on peers, only on our own loops; readyz follows kube-apiserver: `?verbose`, `?exclude=name`.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "lib/base/drain.h"
#include "lib/metrics/registry.h"
#include "lib/rpc/http_server.h"
#include "proxy/admin/loop_watchdog.h"

namespace heddle {

struct HealthProviders {
  const Clock& clock;
  const Readiness& readiness;
  Registry& metrics;
  std::function<std::vector<LoopWatchdog::Beat>()> loops;
  // Every name that may block readiness, in the order to be shown ("config", "identity", "listeners", "shutdown").
  std::vector<std::string> readiness_items;
  // Why that item is missing, for the operator ("SVID expired: a new join token is needed"); "" when there is nothing
  // to add. May be empty.
  std::function<std::string(std::string_view item)> explain;
};

inline constexpr Duration kStuckAfter = 5s;

RpcResponse answer_livez(const HealthProviders&, const RpcRequest&);
RpcResponse answer_readyz(const HealthProviders&, const RpcRequest&);
RpcResponse answer_metrics(const HealthProviders&);

// `providers` must outlive the server.
void add_health_routes(HttpServer&, const HealthProviders& providers);
}  // namespace heddle
