#include "lib/base/json_writer.h"
#include "lib/base/strings.h"
#include "lib/decision/explain.h"

namespace heddle {
namespace {
void write_question(const ExplainQuery& query, JsonWriter& out) {
  out.key("request").begin_object();
  if (!query.is_tcp()) out.field("method", query.head().method());
  out.field("url", query.url());
  if (!query.server_name().empty()) out.field("sni", query.server_name());
  out.field("namespace", query.client_ns());
  if (query.from()) out.field("from", query.from()->text());
  if (query.draw()) out.field("draw", std::to_string(*query.draw()));
  out.end_object();
}

void write_sidecar(const ExplainedSidecar& sidecar, JsonWriter& out) {
  out.key("sidecar").begin_object().field("node", sidecar.node);
  out.field("worker", sidecar.worker).field("workers", sidecar.workers);
  out.field("listener", sidecar.listener).field("direction", sidecar.direction).field("address", sidecar.address);
  out.field("protocol", sidecar.protocol);
  if (!sidecar.detected.empty()) out.field("detected", sidecar.detected);
  if (!sidecar.source.empty()) out.field("configSource", sidecar.source);
  out.end_object();
}

void write_verdict(const ExplainQuery& query, const Explanation& found, JsonWriter& out) {
  Reason reason = found.reason;
  out.field("routed", reason == Reason::kNone).field("reason", info(reason).name);
  if (reason == Reason::kNone) return;
  if (!query.is_tcp()) out.field("status", found.status.value_or(info(reason).status));  // a connection is just closed
  out.field("hint", info(reason).hint);
}

void write_endpoint(const ExplainedEndpoint& endpoint, JsonWriter& out) {
  out.begin_object().field("address", endpoint.address);
  if (!endpoint.identity.empty()) out.field("identity", endpoint.identity);
  out.field("weight", endpoint.weight);
  if (!endpoint.zone.empty()) out.field("zone", endpoint.zone);
  out.field("priority", endpoint.priority).field("eligible", endpoint.eligible);
  if (!endpoint.why.empty()) out.field("why", endpoint.why);
  out.field("health", endpoint.health);
  if (endpoint.in_flight) out.field("inFlight", *endpoint.in_flight);
  if (endpoint.chosen) out.field("chosen", true);
  out.end_object();
}

void write_limits(const std::vector<ExplainedLimit>& limits, JsonWriter& out) {
  if (limits.empty()) return;
  out.key("limits").begin_array();
  for (const ExplainedLimit& limit : limits) {
    out.begin_object().field("name", limit.name).field("used", limit.used).field("limit", limit.limit).end_object();
  }
  out.end_array();
}

void write_filters(const std::vector<ExplainedFilter>& filters, JsonWriter& out) {
  if (filters.empty()) return;
  out.key("filters").begin_array();
  for (const ExplainedFilter& filter : filters) {
    out.begin_object().field("kind", filter.kind).field("effect", filter.effect).end_object();
  }
  out.end_array();
}

void write_token(const ExplainedSession& session, JsonWriter& out) {
  auto time = [&](std::string_view name, std::optional<WallTime> value) {
    if (value) out.field(name, format_time(*value));
  };
  out.key("token").begin_object().field("verdict", to_text(session.verdict));
  if (!session.backend_set.empty()) out.field("backendSet", session.backend_set);
  if (!session.endpoint.empty()) out.field("endpoint", session.endpoint);
  time("begun", session.begun);
  time("expires", session.expires);
  time("idleExpires", session.idle_expires);
  out.end_object();
}

void write_session(const ExplainedSession& session, JsonWriter& out) {
  auto timeout = [&](std::string_view name, std::optional<Duration> value) {
    if (value) out.field(name, format_duration(*value));
  };
  out.key("sessionPersistence").begin_object().field("type", to_text(session.type));
  out.field("sessionName", session.name);
  if (!session.path.empty()) out.field("cookiePath", session.path);
  timeout("absoluteTimeout", session.absolute);
  timeout("idleTimeout", session.idle);
  if (session.type == SessionType::kCookie) {
    out.field("lifetimeType", std::string_view(session.permanent ? "Permanent" : "Session"));
  }
  write_token(session, out);
  out.end_object();
}

void write_backends(const ExplainedBackends& backends, JsonWriter& out) {
  out.begin_object().field("backendSet", backends.name).field("weight", backends.weight);
  out.field("percent", backends.percent);
  if (backends.drawn) out.field("drawn", true);
  if (backends.reason != Reason::kNone) out.field("reason", info(backends.reason).name);
  if (!backends.traffic_policy.empty()) out.field("trafficPolicy", backends.traffic_policy);
  if (!backends.balancing.empty()) out.field("loadBalancer", backends.balancing);
  if (!backends.subset_of.empty()) out.field("subsetOf", backends.subset_of);
  if (!backends.dns.empty()) {
    out.key("dns").begin_object().field("name", backends.dns);
    if (!backends.identity.empty()) out.field("identity", backends.identity);
    out.field("note", "resolved by the sidecar").end_object();
  }
  if (!backends.balancer.empty()) out.field("balancer", backends.balancer).field("choice", backends.choice);
  write_limits(backends.limits, out);
  out.field("endpointCount", backends.endpoint_count).key("endpoints").begin_array();
  for (const ExplainedEndpoint& endpoint : backends.endpoints) write_endpoint(endpoint, out);
  out.end_array();
  write_filters(backends.filters, out);
  out.end_object();
}

void write_mirrors(const Explanation& found, JsonWriter& out) {
  if (found.mirrors.empty()) return;
  out.key("mirrors").begin_array();
  for (const ExplainedMirror& mirror : found.mirrors) {
    out.begin_object().field("backendSet", mirror.name).field("percent", mirror.percent);
    if (mirror.drawn) out.field("drawn", *mirror.drawn);
    out.end_object();
  }
  out.end_array();
}

void write_authorizations(const Explanation& found, JsonWriter& out) {
  if (found.authorizations.empty()) return;
  out.key("authorization").begin_array();
  for (const ExplainedAuthorization& one : found.authorizations) {
    out.begin_object().field("identity", one.identity).field("verdict", to_text(one.verdict));
    if (!one.policy.empty()) out.field("policy", one.policy);
    if (!one.rule.empty()) out.field("rule", one.rule);
    out.end_object();
  }
  out.end_array();
}

void write_rate_limits(const Explanation& found, JsonWriter& out) {
  if (found.rate_limits.empty()) return;
  out.key("rateLimits").begin_array();
  for (const ExplainedRateLimit& one : found.rate_limits) {
    out.begin_object().field("identity", one.identity).field("policy", one.policy).field("limit", one.limit);
    out.field("rate", one.rate).field("mode", one.enforces ? "enforce" : "report");
    out.field("counts", one.why_not.empty());
    if (!one.why_not.empty()) out.field("why", one.why_not);
    out.end_object();
  }
  out.end_array();
}

void write_found(const Explanation& found, JsonWriter& out) {
  if (!found.service.empty()) out.field("service", found.service);
  if (found.port != 0) out.field("port", found.port);
  if (!found.rule) return;
  out.field("routeKind", found.route_kind).field("route", found.route).field("rule", *found.rule);
  if (!found.rule_name.empty()) out.field("ruleName", found.rule_name);
  out.field("match", found.match);
  write_filters(found.filters, out);
  if (found.session) write_session(*found.session, out);
}
}  // namespace

std::string explanation_json(const ExplainQuery& query, const Explanation& found) {
  std::string text;
  JsonWriter out(text);
  out.begin_object();
  write_question(query, out);
  if (found.version != Version{}) out.field("version", found.version.text());
  if (found.sidecar) write_sidecar(*found.sidecar, out);
  write_verdict(query, found, out);
  write_found(found, out);
  if (found.forward) {
    out.key("forward").begin_object().field("host", found.forward->host);
    out.field("path", found.forward->path).end_object();
  }
  out.key("backends").begin_array();
  for (const ExplainedBackends& backends : found.backends) write_backends(backends, out);
  out.end_array();
  write_mirrors(found, out);
  write_authorizations(found, out);
  write_rate_limits(found, out);
  out.key("steps").begin_array();
  for (const TraceStep& step : found.trace.steps()) {
    out.begin_object().field("what", step.what).field("result", step.result).end_object();
  }
  out.end_array().end_object();
  return text;
}
}  // namespace heddle
