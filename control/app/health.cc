#include "control/app/health.h"

#include "lib/base/strings.h"
#include "lib/metrics/exposition.h"

namespace heddle {
void serve_health(HttpServer& server, const Readiness& readiness, const Registry& metrics) {
  server.route("GET", "/livez",
               [](const RpcRequest&, HttpServer::Respond respond) { respond(RpcResponse::text(200, "ok\n")); });
  server.route("GET", "/readyz", [&readiness](const RpcRequest&, HttpServer::Respond respond) {
    if (readiness.is_ready()) return respond(RpcResponse::text(200, "ready\n"));
    respond(RpcResponse::text(503, str_cat("not ready: ", join(readiness.pending(), ", "), "\n")));
  });
  server.route("GET", "/metrics", [&metrics](const RpcRequest&, HttpServer::Respond respond) {
    RpcResponse response = RpcResponse::text(200, metrics.render());
    response.content_type = kMetricsContentType;
    respond(std::move(response));
  });
}
}  // namespace heddle
