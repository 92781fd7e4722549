#include "control/cluster/translate.h"

#include "tests/unit/control/cluster/cluster_yaml.h"

namespace heddle {
namespace {
constexpr std::string_view kShop = R"(
apiVersion: v1
kind: Service
metadata: {name: hello, namespace: shop, creationTimestamp: "2026-01-31T12:34:56Z"}
spec: {clusterIP: 10.96.0.10, clusterIPs: [10.96.0.10, "fd00::a"], ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: hello-1, namespace: shop, labels: {kubernetes.io/service-name: hello}}
addressType: IPv4
ports: [{name: http, port: 8080}]
endpoints:
  - {addresses: [10.0.0.1], zone: a, targetRef: {kind: Pod, name: meshed}}
  - {addresses: [10.0.0.2], targetRef: {kind: Pod, name: bare}}
---
apiVersion: v1
kind: Pod
metadata: {name: meshed, namespace: shop, labels: {version: v2, other: x}}
spec: {serviceAccountName: hello, initContainers: [{name: heddle-proxy}], containers: [{name: app}]}
---
apiVersion: v1
kind: Pod
metadata: {name: bare, namespace: shop}
spec: {containers: [{name: app}]}
---
)";
constexpr std::string_view kRoute = R"(
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: hello, namespace: shop}
spec:
  parentRefs: [{group: "", kind: Service, name: hello}]
  rules: [{backendRefs: [{name: hello, port: 80}]}]
---
)";

class TranslateTest : public testing::Test {
 protected:
  void put(std::string_view yaml) { test::put_all(objects_, yaml); }
  Translation run() { return translate(objects_, {}); }
  static const JsonValue* find(const Translation& all, std::string_view key) {
    for (const ClusterResource& one : all.resources) {
      if (one.envelope.key.text() == key) return &one.envelope.document;
    }
    return nullptr;
  }
  static std::string problems(const Translation& all) {
    std::string out;
    for (const ClusterProblem& one : all.problems) out.append(one.text()).append("\n");
    return out;
  }
  // What is at the path, as compact JSON; empty: nothing.
  std::string at(std::string_view key, JsonValue::Path path) {
    Translation all = run();
    const JsonValue* document = find(all, key);
    std::optional<JsonValue> found = document == nullptr ? std::nullopt : document->find(path);
    return found ? found->compact() : "";
  }
  ClusterObjects objects_;
};

TEST_F(TranslateTest, AServiceHasASetForEachOfItsPorts) {
  put(kShop);
  Translation all = run();
  EXPECT_EQ(problems(all), "");
  ASSERT_EQ(all.resources.size(), 2U);
  EXPECT_EQ(all.resources[0].envelope.key.text(), "Service/shop/hello");
  EXPECT_EQ(all.resources[0].object, "Service shop/hello");
  EXPECT_EQ(format_time(all.resources[0].created.value()), "2026-01-31T12:34:56.000Z");
  EXPECT_EQ(at("Service/shop/hello", {"spec", "ports"}),
            R"([{"backendSet":"hello.80","name":"http","port":80,"protocol":"http"}])");
  EXPECT_EQ(at("Service/shop/hello", {"spec", "addresses"}), R"(["10.96.0.10","fd00::a"])");
}

TEST_F(TranslateTest, AnEndpointIsWhoItsPodIs) {
  put(kShop);
  EXPECT_EQ(at("BackendSet/shop/hello.80", {"spec", "endpoints"}),
            R"([{"address":"10.0.0.1","identity":"spiffe://cluster.local/ns/shop/sa/hello","port":8080,"zone":"a"},)"
            R"({"address":"10.0.0.2","port":8080,"tls":"plaintext"}])");
}

TEST_F(TranslateTest, APodThatIsNotKnownYetIsNotSpokenToInTheClear) {
  put(kShop);
  objects_.erase(ClusterKind::kPod, {"shop", "meshed"});
  EXPECT_EQ(at("BackendSet/shop/hello.80", {"spec", "endpoints"}),
            R"([{"address":"10.0.0.2","port":8080,"tls":"plaintext"}])");
}

TEST_F(TranslateTest, APodThatIsLeavingIsLeftSoonerThanItsSliceSaysSo) {
  put(kShop);
  put(R"(
apiVersion: v1
kind: Pod
metadata: {name: bare, namespace: shop, deletionTimestamp: "2026-01-31T12:34:56Z"}
spec: {containers: [{name: app}]})");
  EXPECT_EQ(at("BackendSet/shop/hello.80", {"spec", "endpoints"}).find("10.0.0.2"), std::string::npos);
}

TEST_F(TranslateTest, LabelsThatASubsetAsksForAreTakenAlong) {
  put(kShop);
  put(R"(
apiVersion: heddle.dev/v1
kind: BackendSet
metadata: {name: hello-v2, namespace: shop}
spec: {subsetOf: {name: hello.80, labels: {version: v2}}})");
  EXPECT_NE(at("BackendSet/shop/hello.80", {"spec", "endpoints"}).find(R"("labels":{"version":"v2"})"),
            std::string::npos);
}

TEST_F(TranslateTest, RoutesOfServicesAreTakenAsTheyAre) {
  put(kShop);
  put(kRoute);
  Translation all = run();
  EXPECT_EQ(problems(all), "");
  EXPECT_NE(find(all, "HTTPRoute/shop/hello"), nullptr);
}

std::string route_to(std::string_view name, std::string_view rule) {
  return str_cat("apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: ", name,
                 ", namespace: shop}\nspec:\n  parentRefs: [{group: '', kind: Service, name: hello}]\n  rules: [{",
                 rule, "}]\n---\n");
}

TEST_F(TranslateTest, OneThatIsWrongTakesNothingElseDown) {
  put(kShop);
  put(kRoute);
  put(route_to("lost",
               "filters: [{type: RequestMirror, requestMirror: {backendRef: {name: nowhere, port: 80}}}], "
               "backendRefs: [{name: hello, port: 80}]"));
  Translation all = run();
  EXPECT_NE(find(all, "HTTPRoute/shop/hello"), nullptr);
  EXPECT_EQ(find(all, "HTTPRoute/shop/lost"), nullptr);
  ASSERT_EQ(all.problems.size(), 1U) << problems(all);
  EXPECT_EQ(all.problems[0].object, "HTTPRoute shop/lost");
  EXPECT_EQ(all.problems[0].field, "spec.rules[0].filters[0].requestMirror.backendRef.name");
}

TEST_F(TranslateTest, ARouteIsInForceWithABackendThatLeadsNowhere) {
  put(kShop);
  put(route_to("half",
               "backendRefs: [{name: hello, port: 80}, {name: gone, port: 80, weight: 3}, {name: hello, port: 9}]"));
  Translation all = run();
  ASSERT_NE(find(all, "HTTPRoute/shop/half"), nullptr) << problems(all);
  std::optional<JsonValue> backends =
      find(all, "HTTPRoute/shop/half")->find({"spec", "rules"})->at(0).find("backendRefs");
  EXPECT_EQ(backends->at(0).compact(), R"({"name":"hello","port":80})");
  EXPECT_EQ(backends->at(1).compact(),
            R"({"name":"gone","port":80,"unresolved":"BackendNotFound: no Service \"gone\" in namespace \"shop\"",)"
            R"("weight":3})");
  EXPECT_EQ(backends->at(2).find("unresolved")->as_string(), "BackendNotFound: Service shop/hello has no port 9");
  ASSERT_EQ(all.problems.size(), 2U) << "and it is said";
  EXPECT_EQ(all.problems[0].field, "spec.rules[0].backendRefs[1].name");
  EXPECT_EQ(all.problems[1].field, "spec.rules[0].backendRefs[2].port");
}

TEST_F(TranslateTest, ABackendOfAnUnknownKindIsOneThatLeadsNowhere) {
  put(kShop);
  put(route_to(
      "odd", "backendRefs: [{name: hello, port: 80}, {group: multicluster.x-k8s.io, kind: ServiceImport, name: a.b}]"));
  Translation all = run();
  ASSERT_NE(find(all, "HTTPRoute/shop/odd"), nullptr) << problems(all);
  std::optional<JsonValue> rule = find(all, "HTTPRoute/shop/odd")->find({"spec", "rules"})->at(0);
  EXPECT_TRUE(rule->find("backendRefs")->at(1).find("unresolved")->as_string()->starts_with("InvalidKind: "));
  ASSERT_EQ(all.problems.size(), 1U) << problems(all);
  EXPECT_EQ(all.problems[0].field, "spec.rules[0].backendRefs[1].kind");
}

// The parent leads nowhere as well: that takes the route out.
TEST_F(TranslateTest, ABadParentTakesARouteOutWhateverItsBackends) {
  put(kShop);
  put(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: both, namespace: shop}
spec:
  parentRefs: [{group: "", kind: Service, name: nobody}]
  rules: [{backendRefs: [{name: gone, port: 80}]}])");
  Translation all = run();
  EXPECT_EQ(find(all, "HTTPRoute/shop/both"), nullptr);
  EXPECT_EQ(all.problems.size(), 2U) << problems(all);
}

TEST_F(TranslateTest, AnnotationsAreAPolicyOfTheServicesSets) {
  put(kShop);
  put(R"(
apiVersion: v1
kind: Service
metadata: {name: hello, namespace: shop, annotations: {heddle.dev/timeout: 15s, heddle.dev/retries: "2",
  heddle.dev/health-path: /healthz, heddle.dev/outlier-errors: "5"}}
spec: {clusterIP: None, ports: [{name: http, port: 80}, {name: grpc, port: 81}]})");
  EXPECT_EQ(problems(run()), "");
  EXPECT_EQ(at("TrafficPolicy/shop/hello.annotations", {"spec"}),
            R"({"retry":{"attempts":2},"targetRefs":[{"kind":"BackendSet","name":"hello.80"},)"
            R"({"kind":"BackendSet","name":"hello.81"}],"timeouts":{"request":"15s"}})");
  EXPECT_EQ(at("HealthPolicy/shop/hello.annotations", {"spec", "active"}), R"([{"kind":"http","path":"/healthz"}])");
  EXPECT_EQ(at("Service/shop/hello", {"spec", "addresses"}), "") << "it is headless";
}

TEST_F(TranslateTest, AWrongAnnotationIsSaidAndTheServiceStays) {
  put(kShop);
  put(R"(
apiVersion: v1
kind: Service
metadata: {name: hello, namespace: shop, annotations: {heddle.dev/timeout: soon}}
spec: {clusterIP: 10.96.0.10, ports: [{name: http, port: 80}]})");
  Translation all = run();
  EXPECT_NE(find(all, "Service/shop/hello"), nullptr);
  ASSERT_EQ(all.problems.size(), 1U) << problems(all);
  EXPECT_EQ(all.problems[0].object, "Service shop/hello");
  EXPECT_EQ(all.problems[0].field, "metadata.annotations[heddle.dev/timeout]");
}

TEST_F(TranslateTest, APolicyThatATeamWroteWinsOverAnnotations) {
  put(kShop);
  put(R"(
apiVersion: v1
kind: Service
metadata: {name: hello, namespace: shop, annotations: {heddle.dev/timeout: 15s, heddle.dev/health-check: tcp}}
spec: {clusterIP: 10.96.0.10, ports: [{name: http, port: 80}]}
---
apiVersion: heddle.dev/v1
kind: TrafficPolicy
metadata: {name: own, namespace: shop}
spec: {targetRefs: [{kind: BackendSet, name: hello.80}], timeouts: {request: 3s}})");
  Translation all = run();
  EXPECT_EQ(problems(all), "");
  EXPECT_EQ(find(all, "TrafficPolicy/shop/hello.annotations"), nullptr);
  EXPECT_NE(find(all, "HealthPolicy/shop/hello.annotations"), nullptr) << "of another kind";
}

TEST_F(TranslateTest, WhatIsNothingForAMeshIsNoProblem) {
  put(R"(
apiVersion: v1
kind: Service
metadata: {name: outside, namespace: shop}
spec: {type: ExternalName, externalName: example.com}
---
apiVersion: v1
kind: Service
metadata: {name: names, namespace: shop}
spec: {clusterIP: 10.96.0.11, ports: [{port: 53, protocol: UDP}]})");
  Translation all = run();
  EXPECT_TRUE(all.resources.empty());
  EXPECT_EQ(problems(all), "");
}

TEST_F(TranslateTest, SessionAffinityIsAHashOfTheAddress) {
  put(kShop);
  put(R"(
apiVersion: v1
kind: Service
metadata: {name: hello, namespace: shop}
spec: {clusterIP: 10.96.0.10, sessionAffinity: ClientIP, ports: [{name: http, port: 80}]})");
  EXPECT_EQ(at("BackendSet/shop/hello.80", {"spec", "loadBalancer"}),
            R"({"hashOn":{"sourceAddress":true},"policy":"maglev"})");
}

TEST_F(TranslateTest, WithoutSlicesTheEndpointsObjectIsRead) {
  put(R"(
apiVersion: v1
kind: Service
metadata: {name: hello, namespace: shop}
spec: {clusterIP: 10.96.0.10, ports: [{port: 80}]}
---
apiVersion: v1
kind: Endpoints
metadata: {name: hello, namespace: shop}
subsets: [{ports: [{port: 8080}], addresses: [{ip: 10.0.0.7}]}])");
  EXPECT_EQ(at("BackendSet/shop/hello.80", {"spec", "endpoints"}),
            R"([{"address":"10.0.0.7","port":8080,"tls":"plaintext"}])");
}

TEST_F(TranslateTest, NothingIsRedirectedToAnExplicitSidecarSoItIsReachedAtItsOwnPort) {
  put(kShop);
  put(R"(
apiVersion: v1
kind: Pod
metadata: {name: meshed, namespace: shop}
spec:
  serviceAccountName: hello
  initContainers: [{name: heddle-proxy, env: [{name: HEDDLE_NODE, value: a}, {name: HEDDLE_MODE, value: explicit}]}]
  containers: [{name: app}]
)");
  EXPECT_EQ(at("BackendSet/shop/hello.80", {"spec", "endpoints"}),
            R"([{"address":"10.0.0.1","identity":"spiffe://cluster.local/ns/shop/sa/hello","port":15006,"zone":"a"},)"
            R"({"address":"10.0.0.2","port":8080,"tls":"plaintext"}])");
  JsonValue pod = *objects_.find(ClusterKind::kPod, {"shop", "meshed"});
  EXPECT_TRUE(read_pod(pod_essentials(pod)).is_explicit) << "what is kept of it says so";
}

constexpr std::string_view kWeighedPod = R"(
apiVersion: v1
kind: Pod
metadata: {name: meshed, namespace: shop, annotations: {heddle.dev/weight: "WEIGHT", other: x}}
spec: {serviceAccountName: hello, containers: [{name: app}, {name: heddle-proxy}]}
---
)";

TEST_F(TranslateTest, APodSaysItsWeight) {
  put(kShop);
  std::string pod(kWeighedPod);
  put(pod.replace(pod.find("WEIGHT"), 6, "250"));
  EXPECT_EQ(problems(run()), "");
  std::string endpoints = at("BackendSet/shop/hello.80", {"spec", "endpoints"});
  EXPECT_NE(endpoints.find(R"("weight":250)"), std::string::npos) << endpoints;
}

TEST_F(TranslateTest, AWrongWeightIsToldAndThePodHasTheUsualOne) {
  for (std::string_view wrong : {"-1", "much", "1000001", ""}) {
    objects_ = {};
    put(kShop);
    std::string pod(kWeighedPod);
    put(pod.replace(pod.find("WEIGHT"), 6, wrong));
    Translation all = run();
    EXPECT_EQ(problems(all), str_cat("Pod shop/meshed: metadata.annotations[heddle.dev/weight]: \"", wrong,
                                     "\": expected a number of 0 to 1000000; 0 gets nothing\n"));
    EXPECT_EQ(find(all, "BackendSet/shop/hello.80")->compact().find("weight"), std::string::npos);
  }
}

TEST(PodEssentials, KeepTheWeightAndNoOtherAnnotation) {
  JsonValue pod = test::one_of_yaml(kWeighedPod);
  EXPECT_EQ(pod_essentials(pod).find({"metadata", "annotations"})->compact(), R"({"heddle.dev/weight":"WEIGHT"})");
  EXPECT_EQ(read_pod(pod_essentials(pod)).wrong_weight, "\"WEIGHT\"");
}
}  // namespace
}  // namespace heddle
