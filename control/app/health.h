// The plain endpoint for probes and scrapes: GET /livez (the loop answers), /readyz (503 with what is awaited, also
// while draining) and /metrics (Prometheus text). No secrets, no writes, no authentication. A store that is not current
// is told by /readyz, but keeps nobody from being ready: sidecars are served all the same, and all control planes of an
// etcd without a quorum would be taken from their balancer at once.
#pragma once
#include <functional>
#include <string>

#include "lib/base/drain.h"
#include "lib/metrics/registry.h"
#include "lib/rpc/http_server.h"

namespace heddle {
// A line of /readyz besides; empty: none.
using ReadinessRemark = std::function<std::string()>;
// Readiness and metrics must outlive the server.
void serve_health(HttpServer&, const Readiness&, const Registry&, ReadinessRemark remark);
// The answer to /readyz.
RpcResponse readiness_answer(const Readiness&, const std::string& remark);
}  // namespace heddle
