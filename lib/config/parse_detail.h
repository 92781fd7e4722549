// Pieces that the parsers of the kinds share, private to lib/config. Each reports to the Problems of its JsonObject.
#pragma once
#include <string>

#include "lib/config/field_rules.h"
#include "lib/config/parse.h"

namespace heddle::detail {
std::shared_ptr<const ServiceSpec> parse_service(const Envelope&, JsonObject& spec);
std::shared_ptr<const BackendSetSpec> parse_backend_set(const Envelope&, JsonObject& spec);
// spec.dns of a backend set.
std::optional<DnsSource> parse_dns_source(JsonObject& spec);
std::shared_ptr<const HttpRouteSpec> parse_http_route(const Envelope&, JsonObject& spec);
std::shared_ptr<const HttpRouteSpec> parse_grpc_route(const Envelope&, JsonObject& spec);
std::shared_ptr<const HttpRouteSpec> parse_l4_route(const Envelope&, JsonObject& spec);  // TCPRoute, TLSRoute
std::shared_ptr<const HealthPolicySpec> parse_health_policy(const Envelope&, JsonObject& spec);
std::shared_ptr<const TrafficPolicySpec> parse_traffic_policy(const Envelope&, JsonObject& spec);
OutlierSpec parse_outlier(const JsonReader&);  // of a HealthPolicy
std::shared_ptr<const AuthorizationPolicySpec> parse_authorization_policy(const Envelope&, JsonObject& spec);
std::shared_ptr<const WorkloadSpec> parse_workload(const Envelope&, JsonObject& spec);
std::shared_ptr<const OverloadSpec> parse_overload(JsonObject& spec);  // of a Workload
// `from` and `to` of an object that may have other fields, too.
AuthzRule parse_authz_match(JsonObject&);
std::shared_ptr<const FederatedTrustDomainSpec> parse_federated_trust_domain(const Envelope&, JsonObject& spec);
std::shared_ptr<const HttpRouteFilterSpec> parse_http_route_filter(const Envelope&, JsonObject& spec);
std::shared_ptr<const RateLimitPolicySpec> parse_rate_limit_policy(const Envelope&, JsonObject& spec);
// `targetRef` of a policy of workloads. `what` happens to them: "protected".
std::optional<AuthzTarget> parse_workload_target(JsonObject& spec, std::string_view what);
// `filters` of a rule of that kind of route whose matches are read already, into filters and mirrors; of a backendRef.
void parse_rule_filters(JsonObject& rule, const ResourceKey& route, HttpRouteRule& out);
Rare<BackendFilters> parse_backend_filters(JsonObject& backend);
// What is wrong between the filters of a rule and its backends.
void check_rule_filters(const JsonObject& rule, const HttpRouteRule&);
CorsFilter parse_cors(JsonObject filter);

// `sessionPersistence` of a rule whose backends are read already.
Rare<SessionPersistenceSpec> parse_session_persistence(JsonObject& rule, const HttpRouteRule& so_far, Kind of_route);

// The field `retry` of a rule; of a TrafficPolicy, which may say more; and its `retryBudget`.
std::optional<RetrySpec> parse_retry(JsonObject& rule);
std::optional<RetrySpec> parse_policy_retry(JsonObject& spec);
std::optional<RetryBudgetSpec> parse_retry_budget(JsonObject& spec);
// The object `loadBalancer` of a BackendSet, checked in itself; of a TrafficPolicy, which says a part only and is
// checked with each set that it is for (validate_balancing.h). Both read all of it.
LbSpec parse_load_balancer(JsonObject&);
LbOverride parse_lb_override(JsonObject&);

inline constexpr SizeRange kNameSize{1, 253};
inline constexpr IntRange kPortRange{1, 65535};

// A required or optional field that names a resource (RFC 1123).
std::string read_name(JsonObject&, std::string_view field);
std::string read_optional_name(JsonObject&, std::string_view field);
std::optional<uint16_t> read_optional_port(JsonObject&, std::string_view field);
// targetRef and targetRefs: names of backend sets. `what` a target has: "health".
std::vector<std::string> read_targets(JsonObject& spec, std::string_view what);
// The id of one workload: it has a path.
std::optional<SpiffeId> read_optional_identity(JsonObject&, std::string_view field);
}  // namespace heddle::detail
