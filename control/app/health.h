// The plain endpoint for probes and scrapes: GET /livez (the loop answers), /readyz (503 with what is awaited, also
// while draining) and /metrics (Prometheus text). No secrets, no writes, no authentication.
#pragma once
#include "lib/base/drain.h"
#include "lib/metrics/registry.h"
#include "lib/rpc/http_server.h"

namespace heddle {
// Both must outlive the server.
void serve_health(HttpServer&, const Readiness&, const Registry&);
}  // namespace heddle
