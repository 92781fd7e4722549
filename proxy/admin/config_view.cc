#include "proxy/admin/config_view.h"

#include <algorithm>
#include <array>

#include "lib/base/grpc_status.h"
#include "lib/base/json_writer.h"
#include "lib/base/strings.h"
#include "lib/config/effective_backend_set.h"
#include "lib/config/overload.h"
#include "lib/config/route_kinds.h"
#include "proxy/admin/balancing_view.h"
#include "proxy/admin/filter_view.h"

namespace heddle {
namespace {
void begin_resource(JsonWriter& out, const ResourceKey& key) {
  const KindInfo& kind = info(key.kind);
  out.begin_object().field("apiVersion", kind.api_version).field("kind", kind.name).key("metadata").begin_object();
  out.field("namespace", key.ns).field("name", key.name).end_object().key("spec").begin_object();
}
void end_resource(JsonWriter& out) { out.end_object().end_object(); }

void strings(JsonWriter& out, std::string_view name, const std::vector<std::string>& values) {
  out.key(name).begin_array();
  for (const std::string& value : values) out.string(value);
  out.end_array();
}

void write_visibility(JsonWriter& out, const Visibility& visibility) {
  switch (visibility.scope) {
    case VisibilityScope::kMesh:
      out.field("visibility", std::string_view("mesh"));
      break;
    case VisibilityScope::kNamespace:
      out.field("visibility", std::string_view("namespace"));
      break;
    case VisibilityScope::kIdentities:
      strings(out, "visibility", visibility.identities);
      break;
  }
}

void write(JsonWriter& out, const ServiceSpec& spec) {
  out.key("ports").begin_array();
  for (const ServicePort& port : spec.ports) {
    out.begin_object();
    if (!port.name.empty()) out.field("name", port.name);
    out.field("port", port.port).field("protocol", to_text(port.protocol)).field("backendSet", port.backend_set);
    out.end_object();
  }
  out.end_array();
  write_visibility(out, spec.visibility);
  strings(out, "hosts", spec.hosts);
  std::vector<std::string> addresses;
  for (const Address& address : spec.addresses) addresses.push_back(address.ip());
  if (!addresses.empty()) strings(out, "addresses", addresses);
}

void write_endpoint(JsonWriter& out, const Endpoint& endpoint) {
  out.begin_object().field("address", endpoint.address().ip()).field("port", endpoint.address().port());
  out.field("weight", endpoint.weight);
  if (endpoint.key.identity) out.field("identity", endpoint.key.identity->text());
  if (endpoint.is_plaintext) out.field("tls", to_text(UpstreamTls::kPlaintext));
  if (endpoint.priority != 0) out.field("priority", endpoint.priority);
  if (!endpoint.traits->zone.empty()) out.field("zone", endpoint.traits->zone);
  out.key("labels").begin_object();
  for (const auto& [name, value] : endpoint.traits->labels) out.field(name, value);
  out.end_object().end_object();
}

void write_dns(JsonWriter& out, const DnsSource& dns) {
  out.key("dns").begin_object().field("name", dns.name).field("type", to_text(dns.type));
  if (dns.port != 0) out.field("port", dns.port);
  out.field("minTtl", format_duration(dns.min_ttl)).field("maxTtl", format_duration(dns.max_ttl));
  out.end_object();
  if (dns.identity) out.field("identity", dns.identity->text());
}

void write_endpoints(JsonWriter& out, const std::vector<Endpoint>& endpoints) {
  out.key("endpoints").begin_array();
  for (const Endpoint& endpoint : endpoints) write_endpoint(out, endpoint);
  out.end_array();
}

void write(JsonWriter& out, const BackendSetSpec& spec) {
  constexpr std::string_view kProtocols[] = {"auto", "http", "http2", "tcp"};
  if (is_subset(spec)) return write_subset(out, spec);
  if (spec.dns) write_dns(out, *spec.dns);
  if (!spec.dns) write_endpoints(out, spec.endpoints);
  out.field("tls", to_text(spec.tls)).field("protocol", kProtocols[static_cast<size_t>(spec.protocol)]);
  write_load_balancer(out, spec.lb);
  if (!spec.health_policy.empty()) out.field("healthPolicy", spec.health_policy);
}

void write_values(JsonWriter& out, std::string_view name, const std::vector<NameValueMatch>& matches) {
  if (matches.empty()) return;
  out.key(name).begin_array();
  for (const NameValueMatch& match : matches) {
    std::string_view shown = is_secret_name(match.name) ? std::string_view("[redacted]") : match.value;
    out.begin_object();
    if (match.regex) out.field("type", to_text(PathMatchType::kRegex));
    out.field("name", match.name).field("value", shown).end_object();
  }
  out.end_array();
}

void write_grpc_method(JsonWriter& out, const GrpcMethodMatch& method) {
  out.key("method").begin_object();
  out.field("type", to_text(method.is_regex ? PathMatchType::kRegex : PathMatchType::kExact));
  if (!method.service.empty()) out.field("service", method.service);
  if (!method.method.empty()) out.field("method", method.method);
  out.end_object();
}

void write_match(JsonWriter& out, Kind kind, const HttpMatch& match) {
  out.begin_object();
  if (!match.grpc.is_default()) write_grpc_method(out, *match.grpc);
  if (kind == Kind::kHttpRoute) {
    out.key("path").begin_object().field("type", to_text(match.path.type));
    out.field("value", match.path.value.empty() ? std::string_view("/") : match.path.value).end_object();
  }
  const MatchConditions& conditions = *match.conditions;
  if (!conditions.method.empty()) out.field("method", conditions.method);
  write_values(out, "headers", conditions.headers);
  write_values(out, "queryParams", conditions.query);
  out.end_object();
}

void write_backend(JsonWriter& out, const WeightedBackend& backend) {
  out.begin_object();
  write_backend_ref(out, backend);
  out.field("weight", backend.weight);
  write_filters(out, *backend.filters);
  out.end_object();
}

void write_retry(JsonWriter& out, const RetrySpec& retry) {
  out.key("retry").begin_object().field("attempts", retry.attempts).key("codes").begin_array();
  for (uint16_t code = RetrySpec::kFirstCode; code <= RetrySpec::kLastCode; ++code) {
    if (retry.has_code(code)) out.integer(code);
  }
  out.end_array().field("backoff", format_duration(retry.backoff));
  if (retry.grpc.any()) {
    out.key("grpcStatuses").begin_array();
    for (size_t i = 0; i < retry.grpc.size(); ++i) {
      if (retry.grpc[i]) out.string(kGrpcStatusNames[i]);
    }
    out.end_array();
  }
  if (retry.any_method) out.field("nonIdempotent", true);
  out.end_object();
}

void write_session(JsonWriter& out, const SessionPersistenceSpec& session) {
  if (session.type == SessionType::kNone) return;
  out.key("sessionPersistence").begin_object().field("type", to_text(session.type));
  if (!session.name.empty()) out.field("sessionName", session.name);
  if (session.absolute) out.field("absoluteTimeout", format_duration(*session.absolute));
  if (session.idle) out.field("idleTimeout", format_duration(*session.idle));
  if (session.permanent) {
    out.key("cookieConfig").begin_object().field("lifetimeType", std::string_view("Permanent")).end_object();
  }
  out.end_object();
}

void write_rule(JsonWriter& out, Kind kind, const HttpRouteRule& rule) {
  out.begin_object();
  if (!rule.name.empty()) out.field("name", rule.name);
  if (!is_l4_route(kind)) {
    out.key("matches").begin_array();
    for (const HttpMatch& match : rule.matches) write_match(out, kind, match);
    out.end_array();
  }
  out.key("backendRefs").begin_array();
  for (const WeightedBackend& backend : rule.backends) write_backend(out, backend);
  out.end_array();
  write_filters(out, rule);
  if (rule.timeouts.request || rule.timeouts.backend_request) {
    out.key("timeouts").begin_object();
    if (rule.timeouts.request) out.field("request", format_duration(*rule.timeouts.request));
    if (rule.timeouts.backend_request) out.field("backendRequest", format_duration(*rule.timeouts.backend_request));
    out.end_object();
  }
  if (rule.retry) write_retry(out, *rule.retry);
  write_session(out, *rule.session);
  out.end_object();
}

void write(JsonWriter& out, const HttpRouteSpec& spec) {
  out.key("parentRefs").begin_array();
  for (const ParentRef& parent : spec.parents) {
    out.begin_object().field("group", std::string_view()).field("kind", std::string_view("Service"));
    out.field("namespace", parent.service.ns).field("name", parent.service.name);
    if (parent.port) out.field("port", *parent.port);
    out.end_object();
  }
  out.end_array();
  if (spec.key.kind != Kind::kTcpRoute) strings(out, "hostnames", spec.hostnames);
  out.key("rules").begin_array();
  for (const HttpRouteRule& rule : spec.rules) write_rule(out, spec.key.kind, rule);
  out.end_array();
}

void write_http_check(JsonWriter& out, const ActiveCheck& check) {
  out.field("method", check.method).field("path", check.path);
  out.key("expectedStatuses").begin_array();
  for (const StatusRange& range : check.expected) {
    out.string(str_cat(std::to_string(range.first), "-", std::to_string(range.last)));
  }
  out.end_array();
}

void write_check(JsonWriter& out, const ActiveCheck& check) {
  out.begin_object().field("kind", to_text(check.kind));
  if (check.kind == CheckKind::kHttp) write_http_check(out, check);
  if (check.kind == CheckKind::kGrpc) out.field("service", check.service);
  if (!check.host.empty()) out.field("host", check.host);
  out.field("interval", format_duration(check.interval)).field("timeout", format_duration(check.timeout));
  auto interval = [&](std::string_view name, Duration value) {
    if (value != Duration{}) out.field(name, format_duration(value));
  };
  interval("unhealthyInterval", check.unhealthy_interval);
  interval("noTrafficInterval", check.no_traffic_interval);
  out.field("unhealthyThreshold", check.unhealthy_threshold).field("healthyThreshold", check.healthy_threshold);
  out.field("jitter", check.jitter).end_object();
}

void write_outlier(JsonWriter& out, const OutlierSpec& spec) {
  out.key("outlier").begin_object().field("consecutiveErrors", spec.consecutive_errors);
  out.field("consecutiveGatewayErrors", spec.consecutive_gateway_errors);
  if (const auto& rate = spec.success_rate) {
    out.key("successRate").begin_object().field("minimumRequests", rate->minimum_requests);
    out.field("minimumEndpoints", rate->minimum_endpoints).field("stdevFactor", rate->stdev_factor).end_object();
  }
  if (const auto& latency = spec.latency) {
    out.key("latency").begin_object().field("factor", latency->factor);
    out.field("minimumRequests", latency->minimum_requests).end_object();
  }
  out.field("interval", format_duration(spec.interval));
  out.field("baseEjectionTime", format_duration(spec.base_ejection_time));
  out.field("maxEjectionTime", format_duration(spec.max_ejection_time));
  out.field("maxEjectedPercent", spec.max_ejected_percent).field("jitter", spec.jitter).end_object();
}

void write_targets(JsonWriter& out, const std::vector<std::string>& targets) {
  out.key("targetRefs").begin_array();
  for (const std::string& target : targets) {
    out.begin_object().field("kind", std::string_view("BackendSet")).field("name", target).end_object();
  }
  out.end_array();
}

void write(JsonWriter& out, const HealthPolicySpec& spec) {
  write_targets(out, spec.targets);
  out.key("active").begin_array();
  for (const ActiveCheck& check : spec.active) write_check(out, check);
  out.end_array();
  if (spec.outlier) write_outlier(out, *spec.outlier);
}

void write(JsonWriter& out, const TrafficPolicySpec& spec) {
  auto limit = [&](std::string_view name, std::optional<uint32_t> value) {
    if (value) out.field(name, *value);
  };
  auto timeout = [&](std::string_view name, std::optional<Duration> value) {
    if (value) out.field(name, format_duration(*value));
  };
  write_targets(out, spec.targets);
  out.key("limits").begin_object();
  limit("connections", spec.limits.connections);
  limit("pendingRequests", spec.limits.pending_requests);
  limit("requests", spec.limits.requests);
  limit("retries", spec.limits.retries);
  out.end_object().key("timeouts").begin_object();
  timeout("connect", spec.timeouts.connect);
  timeout("pending", spec.timeouts.pending);
  timeout("connectionIdle", spec.timeouts.connection_idle);
  timeout("streamIdle", spec.timeouts.stream_idle);
  timeout("request", spec.timeouts.request);
  timeout("maxGrpcTimeout", spec.timeouts.max_grpc);
  out.end_object();
  if (spec.retry) write_retry(out, *spec.retry);
  if (spec.retry_budget) {
    out.key("retryBudget").begin_object().field("percent", spec.retry_budget->percent);
    out.field("minPerSecond", spec.retry_budget->min_per_second).end_object();
  }
  if (spec.hedge) {
    out.key("hedge").begin_object().field("after", format_duration(spec.hedge->after));
    out.field("nonIdempotent", spec.hedge->any_method).end_object();
  }
  if (spec.lb) write_load_balancer(out, *spec.lb);
}

template <class T, class Write>
void list(JsonWriter& out, std::string_view key, const AuthzList<T>& items, Write write_one) {
  if (!items) return;
  out.key(key).begin_array();
  for (const T& item : *items) write_one(item);
  out.end_array();
}

void write_source(JsonWriter& out, const AuthzSource& source) {
  auto text = [&](const std::string& value) { out.string(value); };
  out.begin_object();
  list(out, "identities", source.identities, text);
  list(out, "namespaces", source.namespaces, text);
  if (source.authenticated) out.field("authenticated", true);
  out.end_object();
}

// Values of headers may be secrets: only those are shown whose names promise none.
void write_header(JsonWriter& out, const AuthzHeader& header) {
  out.begin_object().field("name", header.name);
  if (header.value) out.field("value", is_secret_name(header.name) ? std::string_view("[redacted]") : *header.value);
  out.end_object();
}

void write_operation(JsonWriter& out, const AuthzOperation& operation) {
  out.begin_object();
  list(out, "methods", operation.methods, [&](const std::string& method) { out.string(method); });
  list(out, "paths", operation.paths, [&](const PathMatch& path) {
    out.begin_object().field("type", to_text(path.type));
    out.field("value", path.value.empty() ? std::string_view("/") : path.value).end_object();
  });
  list(out, "ports", operation.ports, [&](uint16_t port) { out.unsigned_integer(port); });
  list(out, "headers", operation.headers, [&](const AuthzHeader& header) { write_header(out, header); });
  out.end_object();
}

void write_match(JsonWriter& out, const AuthzRule& rule) {
  list(out, "from", rule.from, [&](const AuthzSource& source) { write_source(out, source); });
  list(out, "to", rule.to, [&](const AuthzOperation& operation) { write_operation(out, operation); });
}

void write_target(JsonWriter& out, const std::optional<AuthzTarget>& target) {
  if (!target) return;
  out.key("targetRef").begin_object().field("kind", info(target->kind).name);
  out.field("name", target->name).end_object();
}

void write_rate_keys(JsonWriter& out, const RateLimit& limit) {
  if (!limit.has_keys()) return;
  out.key("by").begin_array();
  if (limit.by_identity) out.begin_object().field("sourceIdentity", true).end_object();
  for (const std::string& header : limit.by) out.begin_object().field("header", header).end_object();
  out.end_array();
}

void write(JsonWriter& out, const RateLimitPolicySpec& spec) {
  write_target(out, spec.target);
  out.field("mode", spec.enforces ? "enforce" : "report").key("limits").begin_array();
  for (const RateLimit& limit : spec.limits) {
    out.begin_object().field("name", limit.name);
    if (!limit.matches.empty()) out.key("matches").begin_array();
    for (const HttpMatch& match : limit.matches) write_match(out, Kind::kHttpRoute, match);
    if (!limit.matches.empty()) out.end_array();
    write_rate_keys(out, limit);
    out.field("requests", limit.requests).field("per", format_duration(limit.per)).field("burst", limit.burst);
    out.end_object();
  }
  out.end_array();
}

void write(JsonWriter& out, const AuthorizationPolicySpec& spec) {
  if (spec.default_action) {
    out.field("defaultAction", to_text(*spec.default_action));
    return;
  }
  write_target(out, spec.target);
  out.field("action", to_text(spec.action)).key("rules").begin_array();
  for (const AuthzRule& rule : spec.rules) {
    out.begin_object();
    write_match(out, rule);
    out.end_object();
  }
  out.end_array();
}

void write_overload(JsonWriter& out, const OverloadSpec& spec) {
  out.key("overload").begin_object();
  if (spec.adaptive) {
    out.key("adaptiveConcurrency").begin_object().field("minLimit", spec.adaptive->min_limit);
    out.field("maxLimit", spec.adaptive->max_limit).end_object();
  }
  if (!spec.priorities.empty()) out.key("priorities").begin_array();
  for (const PriorityRule& rule : spec.priorities) {
    out.begin_object().field("priority", to_text(rule.priority));
    write_match(out, rule.match);
    out.end_object();
  }
  if (!spec.priorities.empty()) out.end_array();
  out.end_object();
}

void write(JsonWriter& out, const WorkloadSpec& spec) {
  if (spec.identity) out.field("identity", spec.identity->text());
  strings(out, "services", spec.services);
  if (spec.overload != nullptr) write_overload(out, *spec.overload);
}

// Of files only: the control plane keeps these for itself. No sidecar acts on them.
void write(JsonWriter& out, const FederatedTrustDomainSpec& spec) {
  out.field("trustDomain", spec.trust_domain->name());
  if (spec.endpoint) out.field("bundleEndpoint", spec.endpoint->url.text());
}

void write(JsonWriter& out, const HttpRouteFilterSpec& spec) { write_http_route_filter(out, spec); }

template <class T>
void write_all(JsonWriter& out, const SpecMap<T>& specs) {
  for (const auto& [key, spec] : specs) {
    begin_resource(out, key);
    write(out, *spec);
    end_resource(out);
  }
}
}  // namespace

bool is_secret_name(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 8> kMarks = {"authorization", "cookie", "token",   "secret",
                                                      "password",      "passwd", "api-key", "apikey"};
  auto holds = [&](std::string_view mark) {
    auto same = [](char a, char b) { return to_lower(a) == b; };
    return std::search(name.begin(), name.end(), mark.begin(), mark.end(), same) != name.end();
  };
  return std::any_of(kMarks.begin(), kMarks.end(), holds);
}

std::string config_json(const Snapshot& snapshot) {
  std::string text;
  JsonWriter out(text);
  const Model& model = snapshot.model();
  out.begin_object().field("version", snapshot.version().text()).field("hash", to_hex(snapshot.hash()));
  out.key("resources").begin_array();
  write_all(out, model.services);
  write_all(out, model.backend_sets);
  write_all(out, model.http_routes);
  write_all(out, model.health_policies);
  write_all(out, model.traffic_policies);
  write_all(out, model.authorization_policies);
  write_all(out, model.workloads);
  write_all(out, model.federated_domains);
  write_all(out, model.http_route_filters);
  write_all(out, model.rate_limit_policies);
  out.end_array().end_object();
  return text;
}
}  // namespace heddle
