#include "lib/config/parse.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "tests/support/config_fixtures.h"

namespace heddle {
namespace {
std::string document(std::string_view kind, std::string_view spec) {
  std::string_view api = kind == "HTTPRoute" ? "gateway.networking.k8s.io/v1" : "heddle.dev/v1";
  return str_cat("{apiVersion: ", api, ", kind: ", kind, ", metadata: {name: x}, spec: ", spec, "}");
}

template <class T>
std::shared_ptr<const T> parsed(std::string_view kind, std::string_view spec) {
  Problems problems;
  Resource resource = resources_of(document(kind, spec)).at(0);
  std::optional<ParsedSpec> out = parse_resource(resource, problems);
  return out ? std::get<std::shared_ptr<const T>>(*out) : nullptr;
}

TEST(ParseService, FillsInDefaults) {
  auto service = parsed<ServiceSpec>(
      "Service", "{ports: [{port: 80}, {name: g, port: 81, appProtocol: kubernetes.io/h2c, backendSet: y}]}");

  ASSERT_EQ(service->ports.size(), 2U);
  EXPECT_EQ(service->ports[0].protocol, PortProtocol::kAuto);
  EXPECT_EQ(service->ports[0].backend_set, "x");
  EXPECT_EQ(service->ports[1].protocol, PortProtocol::kHttp2);
  EXPECT_EQ(service->ports[1].backend_set, "y");
  EXPECT_EQ(service->visibility.scope, VisibilityScope::kMesh);
}

TEST(ParseService, ReadsVisibility) {
  EXPECT_EQ(parsed<ServiceSpec>("Service", "{ports: [{port: 80}], visibility: namespace}")->visibility.scope,
            VisibilityScope::kNamespace);
  EXPECT_EQ(parsed<ServiceSpec>("Service", "{ports: [{port: 80}], visibility: ['spiffe://td/ns/a/*']}")
                ->visibility.identities,
            std::vector<std::string>{"spiffe://td/ns/a/*"});
}

TEST(ParseBackendSet, GivesEveryEndpointItsIdentity) {
  auto set =
      parsed<BackendSetSpec>("BackendSet", R"({identity: spiffe://td/a, loadBalancer: {policy: roundRobin}, endpoints: [
      {address: 10.0.0.1, port: 80}, {address: '::1', port: 81, identity: spiffe://td/b, weight: 0, priority: 3, zone: z, labels: {v: '1'}}]})");

  EXPECT_EQ(set->endpoints[0].key.identity->text(), "spiffe://td/a");
  EXPECT_EQ(set->endpoints[1].key.identity->text(), "spiffe://td/b");
  EXPECT_EQ(set->endpoints[1].address().text(), "[::1]:81");
  EXPECT_EQ(set->endpoints[1].weight, 0U);
  EXPECT_EQ(set->endpoints[0].priority, 0U);
  EXPECT_EQ(set->endpoints[1].priority, 3U);
  EXPECT_EQ(set->endpoints[1].traits->labels.at("v"), "1");
  EXPECT_EQ(set->lb.policy, LbPolicy::kRoundRobin);
  EXPECT_EQ(set->tls, UpstreamTls::kMtls);
}

TEST(ParseBackendSet, AnEndpointWithoutASidecarIsPlaintextAmongOthers) {
  auto set = parsed<BackendSetSpec>("BackendSet", R"({identity: spiffe://td/a, endpoints: [
      {address: 10.0.0.1, port: 80}, {address: 10.0.0.2, port: 80, tls: plaintext}, {address: 10.0.0.3, port: 80, tls: mtls}]})");

  EXPECT_EQ(tls_of(*set, set->endpoints[0]), UpstreamTls::kMtls);
  EXPECT_EQ(tls_of(*set, set->endpoints[1]), UpstreamTls::kPlaintext);
  EXPECT_FALSE(set->endpoints[1].key.identity.has_value());
  EXPECT_EQ(tls_of(*set, set->endpoints[2]), UpstreamTls::kMtls);
  EXPECT_EQ(set->endpoints[2].key.identity->text(), "spiffe://td/a");
}

TEST(ParseBackendSet, NoEndpointsAreAllowed) {
  EXPECT_TRUE(parsed<BackendSetSpec>("BackendSet", "{endpoints: []}")->endpoints.empty());
  EXPECT_TRUE(parsed<BackendSetSpec>("BackendSet", "{}")->endpoints.empty());
}

TEST(ParseHttpRoute, ReadsEveryField) {
  auto route = parsed<HttpRouteSpec>(
      "HTTPRoute", R"({parentRefs: [{group: "", kind: Service, name: s, port: 80}], hostnames: ['*.a.b'], rules: [
      {name: r, matches: [{path: {type: Exact, value: /v1}, method: GET, headers: [{name: X-A, value: b}, {name: x-a, value: c}],
       queryParams: [{name: q, value: w}]}],
       backendRefs: [{group: heddle.dev, kind: BackendSet, name: b, weight: 7}, {name: t, namespace: n, port: 81}],
       timeouts: {request: 10s, backendRequest: 2s}}]})");

  EXPECT_EQ(route->parents[0].service, (ObjectRef{"default", "s"}));
  EXPECT_EQ(route->parents[0].port, 80);
  const HttpRouteRule& rule = route->rules[0];
  EXPECT_EQ(rule.matches[0].path.type, PathMatchType::kExact);
  EXPECT_EQ(rule.matches[0].conditions->headers.size(), 1U);  // of equal names the first counts
  EXPECT_EQ(rule.matches[0].conditions->headers[0].name, "x-a");
  EXPECT_EQ(rule.matches[0].conditions->headers[0].value, "b");
  EXPECT_EQ(rule.backends[0].weight, 7U);
  EXPECT_EQ(rule.backends[1].kind, BackendKind::kService);
  EXPECT_EQ(rule.backends[1].ref, (ObjectRef{"n", "t"}));
  EXPECT_EQ(rule.timeouts.request, 10s);
}

TEST(ParseHttpRoute, ReadsRetries) {
  auto route = parsed<HttpRouteSpec>("HTTPRoute", R"({parentRefs: [{group: "", kind: Service, name: s}], rules: [
      {backendRefs: [{group: heddle.dev, kind: BackendSet, name: b}], retry: {attempts: 3, codes: [429, 503], backoff: 100ms}},
      {backendRefs: [{group: heddle.dev, kind: BackendSet, name: b}], retry: {}},
      {backendRefs: [{group: heddle.dev, kind: BackendSet, name: b}]}]})");

  const RetrySpec& full = *route->rules[0].retry;
  EXPECT_EQ(full.attempts, 3);
  EXPECT_EQ(full.backoff, 100ms);
  EXPECT_TRUE(full.has_code(429) && full.has_code(503) && !full.has_code(502) && !full.has_code(200));
  const RetrySpec& short_one = *route->rules[1].retry;
  EXPECT_EQ(short_one.attempts, 1);
  EXPECT_EQ(short_one.codes.count(), 3U);
  EXPECT_TRUE(short_one.has_code(502) && short_one.has_code(503) && short_one.has_code(504));
  EXPECT_FALSE(route->rules[2].retry);
}

TEST(ParseHttpRoute, ARuleWithoutMatchesMatchesEverything) {
  auto route = parsed<HttpRouteSpec>("HTTPRoute", R"({parentRefs: [{group: "", kind: Service, name: s}], rules: [
      {backendRefs: [{group: heddle.dev, kind: BackendSet, name: b}]}]})");

  ASSERT_EQ(route->rules[0].matches.size(), 1U);
  EXPECT_EQ(route->rules[0].matches[0].path.value, "/");
  EXPECT_FALSE(route->rules[0].timeouts.request);
}

TEST(ParseHealthPolicy, DefaultsFindACrashWithinThreeSeconds) {
  auto policy = parsed<HealthPolicySpec>(
      "HealthPolicy", "{targetRef: {name: b}, active: [{kind: http, expectedStatuses: [204, '200-201']}]}");

  const ActiveCheck& check = policy->active[0];
  EXPECT_EQ(policy->targets, std::vector<std::string>{"b"});
  EXPECT_LE(check.unhealthy_threshold * (check.interval + Duration(check.interval / 10)) + check.timeout, 3200ms);
  EXPECT_EQ(check.expected, (std::vector<StatusRange>{{204, 204}, {200, 201}}));
}

TEST(ParseHealthPolicy, ReadsAnOutlierPolicyAndItsDefaults) {
  auto policy = parsed<HealthPolicySpec>("HealthPolicy", "{outlier: {}}");
  ASSERT_TRUE(policy->outlier);
  EXPECT_EQ(*policy->outlier, OutlierSpec{});
  EXPECT_EQ(policy->outlier->consecutive_errors, 5U);
  EXPECT_EQ(policy->outlier->max_ejected_percent, 10U);

  auto whole = parsed<HealthPolicySpec>(
      "HealthPolicy",
      "{outlier: {consecutiveErrors: 3, consecutiveGatewayErrors: 2, successRate: {stdevFactor: 2}, latency: {factor: "
      "2.5, minimumRequests: 20}, interval: 5s, baseEjectionTime: 10m, maxEjectedPercent: 50, jitter: 0}}");

  EXPECT_EQ(whole->outlier->consecutive_errors, 3U);
  EXPECT_EQ(whole->outlier->consecutive_gateway_errors, 2U);
  EXPECT_EQ(whole->outlier->success_rate, (OutlierSuccessRate{100, 5, 2}));
  EXPECT_EQ(whole->outlier->latency, (OutlierLatency{2.5, 20}));
  EXPECT_EQ(whole->outlier->max_ejection_time, Duration(600s)) << "not shorter than the base";
  EXPECT_EQ(whole->outlier->max_ejected_percent, 50U);
}

TEST(ParseHealthPolicy, ReadsGrpcChecksMethodsAndIntervals) {
  auto policy = parsed<HealthPolicySpec>(
      "HealthPolicy",
      "{active: [{kind: grpc, service: a.B, host: b}, {kind: http, method: HEAD, unhealthyInterval: 5s, "
      "noTrafficInterval: 60s}]}");

  EXPECT_EQ(policy->active[0].kind, CheckKind::kGrpc);
  EXPECT_EQ(policy->active[0].service, "a.B");
  EXPECT_EQ(policy->active[0].host, "b");
  EXPECT_EQ(policy->active[1].method, "HEAD");
  EXPECT_EQ(policy->active[1].unhealthy_interval, Duration(5s));
  EXPECT_EQ(policy->active[1].no_traffic_interval, Duration(60s));
}

TEST(ParseWorkload, ReadsIdentityAndServices) {
  auto workload = parsed<WorkloadSpec>("Workload", "{identity: spiffe://td/ns/a/sa/b, services: [s]}");

  EXPECT_EQ(workload->identity->text(), "spiffe://td/ns/a/sa/b");
  EXPECT_EQ(workload->services, std::vector<std::string>{"s"});
}

struct Refusal {
  const char* kind;
  const char* spec;
  const char* problem;
};
class ParseRefuses : public testing::TestWithParam<Refusal> {};
TEST_P(ParseRefuses, NamingTheField) {
  EXPECT_EQ(spec_problems_of(document(GetParam().kind, GetParam().spec)), GetParam().problem);
}
INSTANTIATE_TEST_SUITE_P(
    Service, ParseRefuses,
    testing::Values(
        Refusal{"Service", "{}", "spec.ports: is required"},
        Refusal{"Service", "[]", "spec: expected an object, got an array"},
        Refusal{"Service", "{ports: []}", "spec.ports: needs at least 1 element"},
        Refusal{"Service", "{ports: [{port: 0}]}", "spec.ports[0].port: 0 is out of range (1-65535)"},
        Refusal{"Service", "{ports: [{port: '80'}]}", "spec.ports[0].port: expected an integer, got a string"},
        Refusal{"Service", "{ports: [{port: 80.0}]}", "spec.ports[0].port: expected an integer, got a number"},
        Refusal{"Service", "{ports: [{port: 80}, {port: 80}]}", "spec.ports[1]: port 80 stands twice"},
        Refusal{"Service", "{ports: [{port: 80, name: a}, {port: 81, name: a}]}",
                "spec.ports[1]: the name \"a\" stands twice"},
        Refusal{"Service", "{ports: [{port: 80, protocol: quic}]}",
                "spec.ports[0].protocol: expected one of auto, http, http2, grpc, tcp"},
        Refusal{"Service", "{ports: [{port: 80, protocol: http, appProtocol: http}]}",
                "spec.ports[0].appProtocol: say protocol or appProtocol, not both"},
        Refusal{"Service", "{ports: [{port: 80, backendset: x}]}",
                "spec.ports[0].backendset: unknown field; did you mean \"backendSet\"?"},
        Refusal{"Service", "{ports: [{port: 80, backendSet: ../x}]}",
                "spec.ports[0].backendSet: \"../x\" is not a valid name (RFC 1123)"},
        Refusal{"Service", "{ports: [{port: 80}], visibility: all}",
                "spec.visibility: expected \"mesh\", \"namespace\" or a list of identity patterns"},
        Refusal{"Service", "{ports: [{port: 80}], visibility: ['*']}",
                "spec.visibility[0]: \"*\" is not an identity pattern: SPIFFE id \"*\" must begin with \"spiffe://\" "
                "in lower case"},
        Refusal{"Service", "{ports: [{port: 80}], hosts: [A.b]}",
                "spec.hosts[0]: \"A.b\" is not a host name in lower case without port"},
        Refusal{"Service", "{ports: [{port: 80}], addresses: [0.0.0.0]}",
                "spec.addresses[0]: \"0.0.0.0\" is no address that others can call"},
        Refusal{"Service", "{ports: [{port: 80}], addresses: [10.0.0.1, 10.0.0.1]}",
                "spec.addresses[1]: \"10.0.0.1\" stands twice"},
        Refusal{"Service", "{ports: [{port: 80}], hosts: [a.b, a.b]}", "spec.hosts[1]: \"a.b\" stands twice"}));
INSTANTIATE_TEST_SUITE_P(
    BackendSet, ParseRefuses,
    testing::Values(
        Refusal{"BackendSet", "{tls: plaintext, endpoints: [{address: localhost, port: 1}]}",
                "spec.endpoints[0].address: \"localhost\" is not an IPv4 or IPv6 address"},
        Refusal{"BackendSet", "{tls: plaintext, endpoints: [{address: \"\", port: 1}]}",
                "spec.endpoints[0].address: must not be empty"},
        Refusal{"BackendSet", "{tls: plaintext, endpoints: [{address: \"::FFFF:a00:1\", port: 1}]}",
                "spec.endpoints[0].address: \"::FFFF:a00:1\" is an IPv4 address: write 10.0.0.1"},
        Refusal{"BackendSet", "{tls: plaintext, endpoints: [{address: 1.2.3.4, port: 99999}]}",
                "spec.endpoints[0].port: 99999 is out of range (1-65535)"},
        Refusal{"BackendSet", "{tls: plaintext, endpoints: [{address: 1.2.3.4, port: 1}, {address: 1.2.3.4, port: 1}]}",
                "spec.endpoints[1]: 1.2.3.4:1 stands twice"},
        Refusal{"BackendSet", "{endpoints: [{address: 1.2.3.4, port: 1}]}",
                "spec.endpoints[0]: needs an identity: tls is mtls, and neither the endpoint nor the set names one"},
        Refusal{"BackendSet", "{tls: plaintext, endpoints: [{address: 1.2.3.4, port: 1, identity: spiffe://td/a}]}",
                "spec.endpoints[0]: has an identity, but tls is plaintext: nobody would check it"},
        Refusal{"BackendSet", "{endpoints: [{address: 1.2.3.4, port: 1, identity: spiffe://td/a, tls: plaintext}]}",
                "spec.endpoints[0]: has an identity, but tls is plaintext: nobody would check it"},
        Refusal{"BackendSet", "{tls: plaintext, endpoints: [{address: 1.2.3.4, port: 1, tls: mtls}]}",
                "spec.endpoints[0]: is mtls, but tls of the set is plaintext: write mtls there, and plaintext at those "
                "without a sidecar"},
        Refusal{"BackendSet", "{identity: spiffe://td, endpoints: [{address: 1.2.3.4, port: 1}]}",
                "spec.identity: \"spiffe://td\" names a trust domain; expected the id of a workload"},
        Refusal{"BackendSet", "{tls: plaintext, endpoints: [{address: 1.2.3.4, port: 1, weight: 1000001}]}",
                "spec.endpoints[0].weight: 1000001 is out of range (0-1000000)"},
        Refusal{"BackendSet", "{tls: plaintext, endpoints: [{address: 1.2.3.4, port: 1, priority: 16}]}",
                "spec.endpoints[0].priority: 16 is out of range (0-15)"},
        Refusal{"BackendSet", "{tls: plaintext, endpoints: [5]}",
                "spec.endpoints[0]: expected an object, got an integer"},
        Refusal{"BackendSet", "{tls: tls}",
                "spec.tls: TLS to backends outside the mesh is not supported; use mtls or plaintext"},
        Refusal{
            "BackendSet", "{subsetOf: {name: a, labels: {v: b}}, tls: mtls}",
            "spec.tls: stands beside subsetOf: a subset has the endpoints of its parent, and speaks to them as that "
            "does"},
        Refusal{"BackendSet", "{loadBalancer: {policy: fastest}}",
                "spec.loadBalancer.policy: expected one of peakEwma, leastRequest, roundRobin, random, ringHash, "
                "maglev"},
        Refusal{"BackendSet", "{tls: plaintext, dns: {name: a}}", "spec.dns.port: is required"},
        Refusal{"BackendSet", "{tls: plaintext, dns: {port: 1}}", "spec.dns.name: is required"},
        Refusal{"BackendSet", "{tls: plaintext, dns: {name: A.b, port: 1}}",
                "spec.dns.name: \"A.b\" is not a host name in lower case (RFC 1123)"},
        Refusal{"BackendSet", "{tls: plaintext, dns: {name: 10.0.0.1, port: 1}}",
                "spec.dns.name: \"10.0.0.1\" ends with a number: list addresses under endpoints"},
        Refusal{"BackendSet", "{tls: plaintext, dns: {name: _a._tcp.b, type: srv, port: 1}}",
                "spec.dns.port: stands beside type: srv: SRV records have ports of their own"},
        Refusal{"BackendSet", "{tls: plaintext, dns: {name: a, port: 1, type: mx}}",
                "spec.dns.type: expected one of address, srv"},
        Refusal{"BackendSet", "{tls: plaintext, dns: {name: a, port: 1, minTtl: 10s, maxTtl: 5s}}",
                "spec.dns.maxTtl: is shorter than minTtl"},
        Refusal{"BackendSet", "{tls: plaintext, dns: {name: a, port: 1, minTtl: 0s}}",
                "spec.dns.minTtl: 0s is out of range (1s-24h)"},
        Refusal{"BackendSet", "{tls: plaintext, dns: {name: a, port: 1}, endpoints: []}",
                "spec.endpoints: stands beside dns: endpoints are listed or looked up"},
        Refusal{"BackendSet", "{dns: {name: a, port: 1}}",
                "spec.identity: is required: tls is mtls, and what DNS finds has no identity of its own"}));
INSTANTIATE_TEST_SUITE_P(
    HealthPolicy, ParseRefuses,
    testing::Values(
        Refusal{"HealthPolicy", "{active: [{}]}", "spec.active[0].kind: is required"},
        Refusal{"HealthPolicy", "{active: [{kind: icmp}]}", "spec.active[0].kind: expected one of http, tcp, grpc"},
        Refusal{"HealthPolicy", "{active: [{kind: grpc, path: /x}]}",
                "spec.active[0].path: belongs to checks of kind http"},
        Refusal{"HealthPolicy", "{active: [{kind: grpc, service: \"a b\"}]}",
                "spec.active[0].service: must be printable ASCII without blanks"},
        Refusal{"HealthPolicy", "{active: [{kind: http, service: a}]}",
                "spec.active[0].service: belongs to checks of kind grpc"},
        Refusal{"HealthPolicy", "{active: [{kind: tcp, host: a}]}",
                "spec.active[0].host: belongs to checks of kind http or grpc"},
        Refusal{"HealthPolicy", "{active: [{kind: http, method: POST}]}",
                "spec.active[0].method: expected one of GET, HEAD, OPTIONS"},
        Refusal{"HealthPolicy", "{active: [{kind: tcp, noTrafficInterval: 1ms}]}",
                "spec.active[0].noTrafficInterval: 1ms is out of range (100ms-1h)"},
        Refusal{"HealthPolicy", "{outlier: 5}", "spec.outlier: expected an object, got an integer"},
        Refusal{"HealthPolicy", "{outlier: {consecutiveErrors: 0}}",
                "spec.outlier: judges nothing: consecutiveErrors is 0 and nothing else is asked for"},
        Refusal{"HealthPolicy", "{outlier: {consecutive5xx: 5}}", "spec.outlier.consecutive5xx: unknown field"},
        Refusal{"HealthPolicy", "{outlier: {maxEjectedPercent: 0}}",
                "spec.outlier.maxEjectedPercent: 0 is out of range (1-100)"},
        Refusal{"HealthPolicy", "{outlier: {jitter: 2}}", "spec.outlier.jitter: is out of range (0-1)"},
        Refusal{"HealthPolicy", "{outlier: {interval: 10ms}}", "spec.outlier.interval: 10ms is out of range (1s-1h)"},
        Refusal{"HealthPolicy", "{outlier: {baseEjectionTime: 60s, maxEjectionTime: 30s}}",
                "spec.outlier.maxEjectionTime: must not be shorter than baseEjectionTime"},
        Refusal{"HealthPolicy", "{outlier: {successRate: {minimumEndpoints: 2}}}",
                "spec.outlier.successRate.minimumEndpoints: 2 is out of range (3-1000)"},
        Refusal{"HealthPolicy", "{outlier: {latency: {factor: 1}}}",
                "spec.outlier.latency.factor: is out of range (1.1-1000)"},
        Refusal{"HealthPolicy", "{active: [{kind: tcp, path: /x}]}",
                "spec.active[0].path: belongs to checks of kind http"},
        Refusal{"HealthPolicy", "{active: [{kind: http, path: x}]}",
                "spec.active[0].path: must begin with '/' and be printable ASCII"},
        Refusal{"HealthPolicy", "{active: [{kind: http, host: \"a\\r\\nb\"}]}",
                "spec.active[0].host: is not a host name"},
        Refusal{"HealthPolicy", "{active: [{kind: http, expectedStatuses: [99]}]}",
                "spec.active[0].expectedStatuses[0]: 99 is out of range (100-599)"},
        Refusal{"HealthPolicy", "{active: [{kind: http, expectedStatuses: ['299-200']}]}",
                "spec.active[0].expectedStatuses[0]: \"299-200\" is not a status or a range as \"200-299\""},
        Refusal{"HealthPolicy", "{active: [{kind: tcp, interval: 0s}]}",
                "spec.active[0].interval: 0s is out of range (100ms-1h)"},
        Refusal{"HealthPolicy", "{active: [{kind: tcp, interval: '5'}]}",
                "spec.active[0].interval: \"5\" is not a duration; write it as \"250ms\", \"5s\" or \"1m30s\""},
        Refusal{"HealthPolicy", "{active: [{kind: tcp, unhealthyThreshold: 0}]}",
                "spec.active[0].unhealthyThreshold: 0 is out of range (1-100)"},
        Refusal{"HealthPolicy", "{active: [{kind: tcp, jitter: 1.5}]}",
                "spec.active[0].jitter: is out of range (0-1, a part of the interval)"},
        Refusal{"HealthPolicy", "{panicThreshold: 50}",
                "spec.panicThreshold: stands in the BackendSet or its TrafficPolicy: loadBalancer.panicThreshold"},
        Refusal{
            "HealthPolicy", "{minHealthyPercent: 50}",
            "spec.minHealthyPercent: stands in the BackendSet or its TrafficPolicy: loadBalancer.minHealthyPercent"},
        Refusal{"HealthPolicy", "{targetRefs: [{name: a}, {name: a}]}", "spec.targetRefs[1]: \"a\" stands twice"},
        Refusal{"HealthPolicy", "{targetRef: {kind: Service, name: a}}",
                "spec.targetRef.kind: \"Service\" of group \"heddle.dev\" has no health; expected BackendSet of group "
                "\"heddle.dev\""}));
INSTANTIATE_TEST_SUITE_P(Workload, ParseRefuses,
                         testing::Values(Refusal{"Workload", "{}", "spec.identity: is required"},
                                         Refusal{"Workload", "{identity: spiffe://td/a, services: [a.b]}",
                                                 "spec.services[0]: \"a.b\" is not the name of a Service"}));

std::string route_problem(std::string_view rule) {
  return spec_problems_of(
      document("HTTPRoute", str_cat("{parentRefs: [{group: '', kind: Service, name: s}], rules: [", rule, "]}")));
}
constexpr std::string_view kBackend = "backendRefs: [{group: heddle.dev, kind: BackendSet, name: b}]";

class ParseRefusesPath : public testing::TestWithParam<const char*> {};
TEST_P(ParseRefusesPath, ThatWouldNeverMatch) {
  std::string problem = route_problem(str_cat("{matches: [{path: {value: '", GetParam(), "'}}], ", kBackend, "}"));
  EXPECT_TRUE(problem.starts_with("spec.rules[0].matches[0].path.value: must ")) << problem;
}
INSTANTIATE_TEST_SUITE_P(Cfg021, ParseRefusesPath,
                         testing::Values("a", "*", "/a//b", "/a/./b", "/a/../b", "/a/.", "/a/..", "/a%2fb", "/a%2Fb",
                                         "/a#b", "/a?b", "/a b", "/\xc3\xa4", "/a\\b", "/a%5cb", "", "/a%00"));

struct RouteRefusal {
  const char* rule;
  const char* problem;
};
class ParseRefusesRule : public testing::TestWithParam<RouteRefusal> {};
TEST_P(ParseRefusesRule, NamingTheField) {
  std::string rule = GetParam().rule;
  size_t at = rule.find('@');
  if (at != std::string::npos) rule.replace(at, 1, kBackend);
  EXPECT_EQ(route_problem(rule), GetParam().problem);
}
INSTANTIATE_TEST_SUITE_P(
    HttpRoute, ParseRefusesRule,
    testing::Values(
        RouteRefusal{"{}", "spec.rules[0].backendRefs: is required"},
        RouteRefusal{"{backendRefs: []}", "spec.rules[0].backendRefs: needs at least 1 element"},
        RouteRefusal{"{matches: [{path: {type: RegularExpression, value: '/a(b'}}], @}",
                     "spec.rules[0].matches[0].path.value: is no regular expression of RE2: missing ): /a(b"},
        RouteRefusal{"{matches: [{headers: [{type: RegularExpression, name: a, value: '(?=b)'}]}], @}",
                     "spec.rules[0].matches[0].headers[0].value: is no regular expression of RE2: invalid perl "
                     "operator: (?="},
        RouteRefusal{"{matches: [{queryParams: [{type: RegularExpression, name: a, value: '(.{1000}){9}'}]}], @}",
                     "spec.rules[0].matches[0].queryParams[0].value: is no regular expression of RE2: invalid "
                     "repetition size: {9}"},
        RouteRefusal{"{matches: [{queryParams: [{type: Regex, name: a, value: b}]}], @}",
                     "spec.rules[0].matches[0].queryParams[0].type: expected one of Exact, RegularExpression"},
        RouteRefusal{"{matches: [{path: {type: Prefix}}], @}",
                     "spec.rules[0].matches[0].path.type: expected one of Exact, PathPrefix, RegularExpression"},
        RouteRefusal{"{matches: [{path: {value: 5}}], @}",
                     "spec.rules[0].matches[0].path.value: expected a string, got an integer"},
        RouteRefusal{"{matches: [{method: get}], @}",
                     "spec.rules[0].matches[0].method: \"get\" is not one of GET, HEAD, POST, PUT, DELETE, CONNECT, "
                     "OPTIONS, TRACE, PATCH"},
        RouteRefusal{"{matches: [{headers: [{name: 'a b', value: c}]}], @}",
                     "spec.rules[0].matches[0].headers[0]: name is not a header name"},
        RouteRefusal{"{matches: [{headers: [{name: X-Mesh-Id, value: c}]}], @}",
                     "spec.rules[0].matches[0].headers[0]: name is a header that sidecars remove from every request"},
        RouteRefusal{"{matches: [{headers: [{name: a, value: ''}]}], @}",
                     "spec.rules[0].matches[0].headers[0].value: must not be empty"},
        RouteRefusal{"{filters: {}, @}", "spec.rules[0].filters: expected an array, got an object"},
        RouteRefusal{"{retry: {attempts: 0}, @}", "spec.rules[0].retry.attempts: 0 is out of range (1-10)"},
        RouteRefusal{"{retry: {attempts: 11}, @}", "spec.rules[0].retry.attempts: 11 is out of range (1-10)"},
        RouteRefusal{"{retry: {codes: [399]}, @}", "spec.rules[0].retry.codes[0]: 399 is out of range (400-599)"},
        RouteRefusal{"{retry: {codes: [503, 503]}, @}", "spec.rules[0].retry.codes[1]: stands twice"},
        RouteRefusal{"{retry: {codes: []}, @}", "spec.rules[0].retry.codes: needs at least 1 element"},
        RouteRefusal{"{retry: {backoff: 2s}, @}", "spec.rules[0].retry.backoff: 2s is out of range (1ms-1s)"},
        RouteRefusal{"{retry: {on: 5xx}, @}", "spec.rules[0].retry.on: unknown field"},
        RouteRefusal{"{retry: {grpcStatuses: [ABORTED]}, @}",
                     "spec.rules[0].retry.grpcStatuses: stands in the TrafficPolicy of the backend set"},
        RouteRefusal{"{filters: [{type: RequestRedirect, requestRedirect: {port: 81}}], retry: {}}",
                     "spec.rules[0].retry: means nothing beside RequestRedirect"},
        RouteRefusal{"{timeouts: {request: 1s, backendRequest: 2s}, @}",
                     "spec.rules[0].timeouts.backendRequest: must not be longer than request"},
        RouteRefusal{"{timeouts: {request: 25h}, @}", "spec.rules[0].timeouts.request: 25h is out of range (0s-24h)"},
        RouteRefusal{
            "{timeouts: {request: -1s}, @}",
            "spec.rules[0].timeouts.request: \"-1s\" is not a duration; write it as \"250ms\", \"5s\" or \"1m30s\""},
        RouteRefusal{"{backendRefs: [{name: a}]}", "spec.rules[0].backendRefs[0].port: is required for a Service"},
        RouteRefusal{"{backendRefs: [{kind: Secret, name: a, port: 1}]}",
                     "spec.rules[0].backendRefs[0].kind: \"Secret\" of group \"\" is no backend; expected Service of "
                     "group \"\" or BackendSet of group \"heddle.dev\""},
        RouteRefusal{"{backendRefs: [{group: heddle.dev, kind: BackendSet, name: a, weight: -1}]}",
                     "spec.rules[0].backendRefs[0].weight: -1 is out of range (0-1000000)"}));

TEST(ParseHttpRoute, RefusesAGatewayAsParentAsUnsupported) {
  EXPECT_EQ(
      spec_problems_of(document("HTTPRoute", str_cat("{parentRefs: [{name: g}], rules: [{", kBackend, "}]}"))),
      "spec.parentRefs[0].kind: \"Gateway\" of group \"gateway.networking.k8s.io\" is no parent here; expected kind "
      "Service of group \"\" or \"heddle.dev\"");
}

TEST(ParseHttpRoute, CollectsAllProblems) {
  EXPECT_EQ(route_problem("{matches: [{path: {value: a}, methd: GET}], backendRefs: [{name: a}]}"),
            "spec.rules[0].matches[0].path.value: must begin with '/'\n"
            "spec.rules[0].matches[0].methd: unknown field; did you mean \"method\"?\n"
            "spec.rules[0].backendRefs[0].port: is required for a Service");
}

TEST(ParseResource, RefusesBytesThatNameAnotherKey) {
  Resource resource = resources_of(document("Service", "{ports: [{port: 80}]}")).at(0);
  resource.key.name = "y";
  Problems problems;

  EXPECT_FALSE(parse_resource(resource, problems));
  EXPECT_EQ(problems.text(), "metadata: says Service/default/x; expected Service/default/y");
}

// CFG-005: any value of any type in any field is refused with a path or accepted, never thrown.
TEST(ParseResource, SurvivesEveryTypeInEveryField) {
  std::vector<std::string> specs = {
      "Service|{ports: [{port: @, name: @, protocol: @, backendSet: @}], visibility: @, hosts: [@]}",
      "BackendSet|{tls: @, identity: @, protocol: @, healthPolicy: @, loadBalancer: @, endpoints: [{address: @, port: "
      "@, weight: @, priority: @, zone: @, labels: @}, @]}",
      "BackendSet|{loadBalancer: {policy: @, hashOn: {header: @, cookie: @, sourceIdentity: @, path: @}, slowStart: "
      "{window: @, aggression: @}, zoneAware: @, panicThreshold: @, minHealthyPercent: @}}",
      "BackendSet|{subsetOf: {name: @, labels: {a: @, b: 5}}, loadBalancer: @}",
      "BackendSet|{subsetOf: @, endpoints: @}",
      "TrafficPolicy|{targetRef: {name: a}, loadBalancer: {policy: @, hashOn: {sourceAddress: @, x: 1}, zoneAware: @}}",
      "HTTPRoute|{parentRefs: [@, {name: @, port: @}], hostnames: @, rules: [@, {matches: [@, {path: @, method: @, "
      "headers: @}], backendRefs: [@, {name: @}], timeouts: @}]}",
      "HealthPolicy|{targetRef: @, active: [@, {kind: @, interval: @, jitter: @, expectedStatuses: @}]}",
      "TrafficPolicy|{targetRefs: @, limits: @, timeouts: @, retry: @}",
      "TrafficPolicy|{targetRef: @, limits: {requests: @, connections: @}, timeouts: {connect: @, request: @}}",
      "Workload|{identity: @, services: @}"};
  for (const std::string& line : specs) {
    size_t bar = line.find('|');
    for (const char* value : {"null", "true", "5", "-1.5", "text", "[]", "[[]]", "{}", "{a: 1}"}) {
      std::string spec;
      for (char c : line.substr(bar + 1)) c == '@' ? spec.append(value) : spec.append(1, c);
      std::string problems = spec_problems_of(document(line.substr(0, bar), spec));
      EXPECT_TRUE(problems.starts_with("spec")) << spec << ": " << problems;
    }
  }
}
}  // namespace
}  // namespace heddle
