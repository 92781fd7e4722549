// TCPRoute and TLSRoute: what is read of them, and what is refused, alone and beside their Services.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "lib/config/route_ports.h"
#include "lib/config/validate.h"
#include "tests/support/config_fixtures.h"

namespace heddle {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kParents = "parentRefs: [{group: '', kind: Service, name: a}]";
constexpr std::string_view kRules = "rules: [{backendRefs: [{group: heddle.dev, kind: BackendSet, name: a}]}]";

std::string route(std::string_view kind, std::string_view spec, std::string_view version = "v1") {
  return str_cat("{apiVersion: gateway.networking.k8s.io/", version, ", kind: ", kind, ", metadata: {name: r}, spec: {",
                 spec, "}}\n---\n");
}
std::string tcp(std::string_view spec) { return route("TCPRoute", spec); }
std::string tls(std::string_view hostnames) {
  return route("TLSRoute", str_cat(kParents, ", hostnames: [", hostnames, "], ", kRules));
}
std::string service(std::string_view ports) {
  return str_cat("{apiVersion: heddle.dev/v1, kind: Service, metadata: {name: a}, spec: {ports: [", ports,
                 "]}}\n---\n{apiVersion: heddle.dev/v1, kind: BackendSet, metadata: {name: a}, spec: {tls: plaintext}}"
                 "\n---\n");
}
std::shared_ptr<const HttpRouteSpec> parsed(std::string_view yaml) {
  Problems problems;
  auto spec = parse_resource(resources_of(yaml).at(0), problems);
  EXPECT_EQ(problems.text(), "");
  return spec ? std::get<std::shared_ptr<const HttpRouteSpec>>(*spec) : nullptr;
}
std::string problems_of(std::string_view yaml, ModelScope scope = ModelScope::kWhole) {
  return validate(model_of(yaml), scope).text();
}

TEST(ParseTcpRoute, ReadsParentsAndWeightedBackends) {
  auto spec = parsed(tcp(
      "parentRefs: [{group: '', kind: Service, name: a, namespace: shop, port: 6379}], rules: [{name: split, "
      "backendRefs: [{group: heddle.dev, kind: BackendSet, name: b, weight: 3}, {name: c, port: 81, weight: 0}]}]"));

  ASSERT_NE(spec, nullptr);
  EXPECT_EQ(spec->key.kind, Kind::kTcpRoute);
  EXPECT_EQ(spec->parents.at(0).service, (ObjectRef{"shop", "a"}));
  EXPECT_EQ(spec->parents[0].port, 6379);
  ASSERT_EQ(spec->rules.size(), 1U);
  EXPECT_EQ(spec->rules[0].name, "split");
  EXPECT_TRUE(spec->rules[0].matches.empty());
  ASSERT_EQ(spec->rules[0].backends.size(), 2U);
  EXPECT_EQ(spec->rules[0].backends[0].weight, 3U);
  EXPECT_EQ(spec->rules[0].backends[1].kind, BackendKind::kService);
  EXPECT_EQ(spec->rules[0].backends[1].port, 81);
}

TEST(ParseTcpRoute, TakesOlderVersions) {
  EXPECT_EQ(spec_problems_of(route("TCPRoute", str_cat(kParents, ", ", kRules), "v1alpha2")), "");
}

TEST(ParseTcpRoute, RefusesASecondRuleThatNothingCouldReach) {
  EXPECT_THAT(spec_problems_of(tcp(str_cat(kParents,
                                           ", rules: [{backendRefs: [{name: a, port: 80}]}, {backendRefs: "
                                           "[{name: a, port: 80}]}]"))),
              HasSubstr("spec.rules: have more than one rule"));
}

TEST(ParseTcpRoute, RefusesWhatOnlyRequestsHave) {
  auto rule = [](std::string_view fields) { return tcp(str_cat(kParents, ", rules: [{", fields, "}]")); };

  EXPECT_THAT(spec_problems_of(rule("matches: [{}], backendRefs: [{name: a, port: 80}]")), HasSubstr("matches"));
  EXPECT_THAT(spec_problems_of(rule("timeouts: {request: 1s}, backendRefs: [{name: a, port: 80}]")),
              HasSubstr("timeouts"));
  EXPECT_THAT(spec_problems_of(rule("backendRefs: [{name: a, port: 80, filters: []}]")), HasSubstr("filters"));
  EXPECT_THAT(spec_problems_of(rule("backendRefs: []")), HasSubstr("spec.rules[0].backendRefs"));
  EXPECT_THAT(spec_problems_of(tcp(str_cat(kParents, ", hostnames: [a.test], ", kRules))), HasSubstr("hostnames"));
}

TEST(ParseTlsRoute, ReadsItsHostnames) {
  auto spec = parsed(tls("a.test, '*.b.test'"));

  ASSERT_NE(spec, nullptr);
  EXPECT_EQ(spec->key.kind, Kind::kTlsRoute);
  EXPECT_THAT(spec->hostnames, ElementsAre("a.test", "*.b.test"));
}

TEST(ParseTlsRoute, TakesOlderVersions) {
  for (std::string_view version : {"v1alpha2", "v1alpha3"}) {
    EXPECT_EQ(spec_problems_of(route("TLSRoute", str_cat(kParents, ", hostnames: [a.test], ", kRules), version)), "");
  }
}

TEST(ParseTlsRoute, NeedsNames) {
  EXPECT_THAT(spec_problems_of(route("TLSRoute", str_cat(kParents, ", ", kRules))),
              HasSubstr("spec.hostnames: is required"));
  EXPECT_THAT(spec_problems_of(tls("")), HasSubstr("spec.hostnames: expected 1-16 names"));
  for (std::string_view bad : {"A.test", "'*'", "a.*.test", "a..test", "'*.'", "'a:443'", "a_b.test", "''"}) {
    EXPECT_THAT(spec_problems_of(tls(bad)), HasSubstr("spec.hostnames")) << bad;
  }
  EXPECT_THAT(spec_problems_of(tls("10.0.0.1")), HasSubstr("is an address"));
  EXPECT_THAT(spec_problems_of(tls("a.test, a.test")), HasSubstr("twice"));
  std::string many = "a0.test";
  for (int i = 1; i < 17; ++i) many.append(str_cat(", a", std::to_string(i), ".test"));
  EXPECT_THAT(spec_problems_of(tls(many)), HasSubstr("spec.hostnames"));
}

TEST(RoutePorts, ConnectionsAndRequestsMeetOnAutoOnly) {
  for (Kind kind : {Kind::kTcpRoute, Kind::kTlsRoute}) {
    EXPECT_TRUE(may_count_on(kind, PortProtocol::kTcp));
    EXPECT_TRUE(may_count_on(kind, PortProtocol::kAuto));
    EXPECT_FALSE(may_count_on(kind, PortProtocol::kHttp));
    EXPECT_FALSE(may_count_on(kind, PortProtocol::kGrpc));
  }
  for (Kind kind : {Kind::kHttpRoute, Kind::kGrpcRoute}) {
    EXPECT_FALSE(may_count_on(kind, PortProtocol::kTcp));
    EXPECT_TRUE(may_count_on(kind, PortProtocol::kAuto));
    EXPECT_TRUE(may_count_on(kind, PortProtocol::kHttp2));
  }
}

TEST(RoutePorts, ARouteOfConnectionsIsRefusedWhereThereAreOnlyRequests) {
  std::string there = tcp(str_cat(kParents, ", ", kRules));

  EXPECT_EQ(problems_of(service("{port: 80, protocol: http}, {port: 81, protocol: grpc}") + there),
            "TCPRoute default/r: spec.parentRefs[0]: no port of Service default/a carries opaque connections (protocol "
            "tcp or auto): this TCPRoute would judge nothing");
  EXPECT_EQ(problems_of(service("{port: 80, protocol: http}, {port: 81, protocol: tcp}") + there), "");
  EXPECT_EQ(problems_of(service("{port: 80}") + there), "");
}

TEST(RoutePorts, ANamedPortIsJudgedAlone) {
  std::string at_80 = tcp(str_cat("parentRefs: [{group: '', kind: Service, name: a, port: 80}], ", kRules));

  EXPECT_EQ(problems_of(service("{port: 80, protocol: http}, {port: 81, protocol: tcp}") + at_80),
            "TCPRoute default/r: spec.parentRefs[0]: port 80 of Service default/a does not carry opaque connections "
            "(protocol tcp or auto): this TCPRoute would judge nothing");
}

// The control plane judged: a sidecar takes what it is sent.
TEST(RoutePorts, ASidecarTakesWhatItIsSent) {
  EXPECT_EQ(
      problems_of(service("{port: 80, protocol: http}") + tcp(str_cat(kParents, ", ", kRules)), ModelScope::kPart), "");
}

// They were accepted before, and a mesh that has one goes on.
TEST(RoutePorts, AnHttpRouteOnAPortOfTcpIsNotRefusedButIdle) {
  std::string yaml = service("{port: 80, protocol: tcp}") + route("HTTPRoute", str_cat(kParents, ", ", kRules));
  Model model = model_of(yaml);

  EXPECT_EQ(problems_of(yaml), "");
  EXPECT_THAT(idle_parent(model, *model.http_routes.begin()->second, 0).value_or(""),
              HasSubstr("no port of Service default/a carries requests"));
}
}  // namespace
}  // namespace heddle
