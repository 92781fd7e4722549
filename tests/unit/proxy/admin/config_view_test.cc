// The configuration in force, as the admin shows it: as it was written, so that it can be applied again.
#include "proxy/admin/config_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/json.h"
#include "lib/base/strings.h"
#include "lib/config/overload.h"
#include "tests/support/config_fixtures.h"

namespace heddle {
namespace {
using testing::HasSubstr;
using testing::Not;

// What is in force after the view of it was applied.
std::shared_ptr<const Snapshot> applied_again(const Snapshot& snapshot) {
  JsonValue resources = *JsonValue::parse(config_json(snapshot))->find("resources");
  std::string again;
  for (size_t i = 0; i < resources.size(); ++i) again += str_cat("---\n", resources.at(i).compact(), "\n");
  return snapshot_of(again);
}

const char* const kSecretRoute = R"(
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r}
spec:
  parentRefs: [{kind: Service, group: "", name: hello, port: 80}]
  rules:
  - matches:
    - path: {type: PathPrefix, value: /a}
      headers: [{name: Authorization, value: Bearer hunter2}, {name: x-color, value: blue}]
      queryParams: [{name: access_token, value: hunter3}]
    backendRefs: [{kind: Service, group: "", name: hello, port: 80}]
)";

TEST(ConfigView, ShowsWhatIsInForceAsItIsWritten) {
  auto snapshot = snapshot_of(service_yaml("hello"));

  auto parsed = JsonValue::parse(config_json(*snapshot));

  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->find("version")->as_string(), snapshot->version().text());
  EXPECT_EQ(parsed->find("hash")->as_string()->size(), 64U);
  JsonValue resources = *parsed->find("resources");
  EXPECT_EQ(resources.size(), snapshot->model().size());
  EXPECT_EQ(resources.at(0).find({"metadata", "name"})->as_string(), "hello");
}

TEST(ConfigView, ShowsRateLimitsAsTheyAreWritten) {
  auto snapshot = snapshot_of(
      "{apiVersion: heddle.dev/v1, kind: RateLimitPolicy, metadata: {name: p}, spec: {mode: report, limits: [{name: a, "
      "matches: [{path: {value: /}, method: GET}], by: [{sourceIdentity: true}, {header: X-A}], requests: 5, per: "
      "1m}]}}");

  JsonValue shown = *JsonValue::parse(config_json(*snapshot));

  EXPECT_EQ(shown.find("resources")->at(0).find("spec")->compact(),
            R"({"limits":[{"burst":5,"by":[{"sourceIdentity":true},{"header":"x-a"}],"matches":[{"method":"GET",)"
            R"("path":{"type":"PathPrefix","value":"/"}}],"name":"a","per":"1m","requests":5}],"mode":"report"})");
}

const char* const kExpressions = R"(
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: default}
spec:
  parentRefs: [{kind: Service, group: "", name: hello, port: 80}]
  rules:
  - matches:
    - path: {type: RegularExpression, value: "a.*"}
      headers: [{type: RegularExpression, name: x-color, value: "b+"}]
      queryParams: [{name: q, value: "c?"}]
    backendRefs: [{kind: Service, group: "", name: hello, port: 80}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: {name: g, namespace: shop}
spec:
  parentRefs: [{kind: Service, group: "", name: hello, namespace: default}]
  rules:
  - matches:
    - method: {type: RegularExpression, service: "a.*"}
    - method: {service: a.B, method: Get}
    - headers: [{name: x-a, value: "1"}]
    - {}
    backendRefs: [{kind: Service, group: "", name: hello, namespace: default, port: 80}]
)";

TEST(ConfigView, ShowsExpressionsAndMethodsAsTheyAreWritten) {
  std::string shown = config_json(*snapshot_of(service_yaml("hello") + kExpressions));

  EXPECT_NE(shown.find(R"({"path":{"type":"RegularExpression","value":"a.*"},"headers":[{"type":"RegularExpression",)"
                       R"("name":"x-color","value":"b+"}],"queryParams":[{"name":"q","value":"c?"}]})"),
            std::string::npos)
      << shown;
  EXPECT_NE(
      shown.find(R"("matches":[{"method":{"type":"RegularExpression","service":"a.*"}},{"method":{"type":"Exact",)"
                 R"("service":"a.B","method":"Get"}},{"headers":[{"name":"x-a","value":"1"}]},{}])"),
      std::string::npos)
      << shown;
}

TEST(ConfigView, ShowsSessionPersistence) {
  std::string route =
      "{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r}, spec: {parentRefs: [{group: "
      "'', kind: Service, name: hello}], rules: [{sessionPersistence: {sessionName: s, absoluteTimeout: 1h, "
      "idleTimeout: 5m, cookieConfig: {lifetimeType: Permanent}}, backendRefs: [{kind: Service, name: hello, port: "
      "80}]}]}}\n---\n";

  std::string shown = config_json(*snapshot_of(service_yaml("hello") + route));

  EXPECT_NE(shown.find(R"("sessionPersistence":{"type":"Cookie","sessionName":"s","absoluteTimeout":"1h",)"
                       R"("idleTimeout":"5m","cookieConfig":{"lifetimeType":"Permanent"}})"),
            std::string::npos)
      << shown;
}

TEST(ConfigView, CanBeAppliedAgainAsItIs) {
  auto snapshot = snapshot_of(service_yaml("hello") + kExpressions);

  auto second = applied_again(*snapshot);

  EXPECT_EQ(JsonValue::parse(config_json(*second))->find("resources")->compact(),
            JsonValue::parse(config_json(*snapshot))->find("resources")->compact());
}

const char* const kConnections = R"(
---
apiVersion: gateway.networking.k8s.io/v1alpha2
kind: TCPRoute
metadata: {name: c}
spec:
  parentRefs: [{group: "", kind: Service, name: hello}]
  rules: [{backendRefs: [{name: hello, port: 80}]}]
---
apiVersion: gateway.networking.k8s.io/v1alpha3
kind: TLSRoute
metadata: {name: c}
spec:
  parentRefs: [{group: "", kind: Service, name: hello}]
  hostnames: [a.test, "*.b.test"]
  rules: [{backendRefs: [{name: hello, port: 80, weight: 3}]}]
)";

TEST(ConfigView, ShowsRoutesOfConnectionsSoThatTheyCanBeAppliedAgain) {
  auto snapshot = snapshot_of(service_yaml("hello") + kConnections);

  auto second = applied_again(*snapshot);

  ASSERT_EQ(second->model().size(), snapshot->model().size());
  for (const auto& [key, spec] : snapshot->model().http_routes) {
    EXPECT_EQ(second->model().http_routes.at(key)->hostnames, spec->hostnames) << key.text();
    EXPECT_EQ(second->model().http_routes.at(key)->rules[0].backends[0].weight, spec->rules[0].backends[0].weight);
  }
}

const char* const kBalanced = R"(
---
apiVersion: heddle.dev/v1
kind: BackendSet
metadata: {name: keys}
spec: {tls: plaintext, loadBalancer: {policy: ringHash, hashOn: {cookie: Session}, panicThreshold: 40}}
---
apiVersion: heddle.dev/v1
kind: BackendSet
metadata: {name: shares}
spec:
  tls: plaintext
  loadBalancer: {policy: random, slowStart: {window: 30s, aggression: 2}, zoneAware: true}
  endpoints: [{address: 10.0.0.1, port: 80, priority: 3}]
---
apiVersion: heddle.dev/v1
kind: BackendSet
metadata: {name: words}
spec: {tls: plaintext, loadBalancer: {policy: maglev, hashOn: {sourceIdentity: true}}}
---
apiVersion: heddle.dev/v1
kind: BackendSet
metadata: {name: gold}
spec: {subsetOf: {name: shares, labels: {tier: gold}}, loadBalancer: {policy: random, minHealthyPercent: 30}}
---
apiVersion: heddle.dev/v1
kind: BackendSet
metadata: {name: silver}
spec: {subsetOf: {name: shares, labels: {tier: silver, zone: a}}}
---
apiVersion: heddle.dev/v1
kind: TrafficPolicy
metadata: {name: affinity}
spec: {targetRef: {name: keys}, loadBalancer: {hashOn: {sourceAddress: true}, zoneAware: false}}
)";

TEST(ConfigView, ShowsHowASetIsBalancedSoThatItCanBeAppliedAgain) {
  auto snapshot = snapshot_of(kBalanced);

  auto second = applied_again(*snapshot);

  for (const auto& [key, spec] : snapshot->model().backend_sets) {
    EXPECT_EQ(second->model().backend_sets.at(key)->lb, spec->lb) << key.name;
    EXPECT_EQ(second->model().backend_sets.at(key)->endpoints, spec->endpoints) << key.name;
    EXPECT_EQ(second->model().backend_sets.at(key)->subset, spec->subset) << key.name;
    if (!is_subset(*spec)) continue;
    EXPECT_EQ(second->model().backend_sets.at(key)->says_lb, spec->says_lb) << key.name;
  }
  for (const auto& [key, policy] : snapshot->model().traffic_policies) {
    EXPECT_EQ(second->model().traffic_policies.at(key)->lb, policy->lb) << key.name;
  }
}

TEST(ConfigView, ShowsOverloadSoThatItCanBeAppliedAgain) {
  for (std::string_view rest : {"", ", priorities: [{priority: low, to: [{methods: [PUT]}]}]"}) {
    auto snapshot = snapshot_of(
        str_cat("{apiVersion: heddle.dev/v1, kind: Workload, metadata: {name: app}, spec: {identity: "
                "'spiffe://td/ns/default/sa/app', overload: {adaptiveConcurrency: {minLimit: 5, maxLimit: 50}",
                rest, "}}}"));

    auto second = applied_again(*snapshot);

    ASSERT_EQ(second->model().workloads.size(), 1U) << rest;
    const OverloadSpec* overload = second->model().workloads.begin()->second->overload.get();
    ASSERT_NE(overload, nullptr) << rest;
    ASSERT_TRUE(overload->adaptive) << rest;
    EXPECT_EQ(overload->adaptive->max_limit, 50U);
    EXPECT_EQ(overload->priorities.size(), rest.empty() ? 0U : 1U);
  }
}

TEST(ConfigView, ShowsASetOfDnsSoThatItCanBeAppliedAgain) {
  auto snapshot = snapshot_of(
      "{apiVersion: heddle.dev/v1, kind: BackendSet, metadata: {name: a}, spec: {identity: 'spiffe://td/ns/a/sa/db', "
      "dns: {name: db.test, port: 5432}}}\n---\n"
      "{apiVersion: heddle.dev/v1, kind: BackendSet, metadata: {name: b}, spec: {tls: plaintext, dns: {name: "
      "_db._tcp.test, type: srv, minTtl: 1s}}}");

  auto second = applied_again(*snapshot);

  ASSERT_EQ(second->model().backend_sets.size(), 2U);
  for (const auto& [key, spec] : snapshot->model().backend_sets) {
    EXPECT_EQ(second->model().backend_sets.at(key)->dns, spec->dns) << key.name;
    EXPECT_EQ(second->model().backend_sets.at(key)->tls, spec->tls) << key.name;
  }
}

TEST(ConfigView, ShowsAbortsSoThatTheyCanBeAppliedAgain) {
  for (std::string_view abort : {"status: 500", "status: 418, percent: 5", "grpcStatus: 5", "grpcStatus: 2"}) {
    auto snapshot = snapshot_of(str_cat("{apiVersion: heddle.dev/v1, kind: HTTPRouteFilter, metadata: {name: f}, ",
                                        "spec: {fault: {abort: {", abort, "}}}}"));

    auto second = applied_again(*snapshot);

    ASSERT_EQ(second->model().http_route_filters.size(), 1U) << abort;
    const FaultAbort& before = *snapshot->model().http_route_filters.begin()->second->fault->abort;
    const FaultAbort& after = *second->model().http_route_filters.begin()->second->fault->abort;
    EXPECT_EQ(after.status, before.status) << abort;
    EXPECT_EQ(after.grpc_status, before.grpc_status) << abort;
    EXPECT_EQ(after.percent, before.percent) << abort;
  }
}

TEST(ConfigView, RedactsCredentialsInMatches) {
  auto snapshot = snapshot_of(service_yaml("hello") + kSecretRoute);

  std::string json = config_json(*snapshot);

  EXPECT_THAT(json, Not(HasSubstr("hunter")));
  EXPECT_THAT(json, HasSubstr("[redacted]"));
  EXPECT_THAT(json, HasSubstr("blue"));
}

TEST(ConfigView, ShowsAHealthPolicyThatCanBeAppliedAgain) {
  const std::string policy = R"(
apiVersion: heddle.dev/v1
kind: HealthPolicy
metadata: {name: p}
spec:
  active:
  - {kind: grpc, service: a.B, unhealthyInterval: 5s}
  - {kind: http, method: HEAD, noTrafficInterval: 60s}
  outlier: {consecutiveErrors: 3, successRate: {stdevFactor: 2.5}, latency: {}, maxEjectedPercent: 30}
)";
  auto shown = JsonValue::parse(config_json(*snapshot_of(policy)));

  auto first = snapshot_of(policy);
  auto again = snapshot_of(shown->find("resources")->at(0).compact());

  const auto& before = *first->model().health_policies.begin()->second;
  const auto& after = *again->model().health_policies.begin()->second;
  EXPECT_EQ(after.active, before.active);
  EXPECT_EQ(after.outlier, before.outlier);
}
}  // namespace
}  // namespace heddle
