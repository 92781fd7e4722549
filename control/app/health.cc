#include "control/app/health.h"

#include "lib/base/strings.h"
#include "lib/metrics/exposition.h"

namespace heddle {
RpcResponse readiness_answer(const Readiness& readiness, const std::string& remark) {
  std::string more = remark.empty() ? "" : str_cat(remark, "\n");
  if (readiness.is_ready()) return RpcResponse::text(200, str_cat("ready\n", more));
  return RpcResponse::text(503, str_cat("not ready: ", join(readiness.pending(), ", "), "\n", more));
}

void serve_health(HttpServer& server, const Readiness& readiness, const Registry& metrics, ReadinessRemark remark) {
  server.route("GET", "/livez",
               [](const RpcRequest&, HttpServer::Respond respond) { respond(RpcResponse::text(200, "ok\n")); });
  server.route("GET", "/readyz",
               [&readiness, remark = std::move(remark)](const RpcRequest&, HttpServer::Respond respond) {
                 respond(readiness_answer(readiness, remark()));
               });
  server.route("GET", "/metrics", [&metrics](const RpcRequest&, HttpServer::Respond respond) {
    RpcResponse response = RpcResponse::text(200, metrics.render());
    response.content_type = kMetricsContentType;
    respond(std::move(response));
  });
}
}  // namespace heddle
