#include "lib/inject/inject.h"

#include <gtest/gtest.h>

#include "lib/config/yaml.h"
#include "lib/inject/probes.h"

namespace heddle {
namespace {
JsonValue of_yaml(std::string_view yaml) {
  Result<std::vector<Document>> documents = parse_documents(yaml, "test.yaml");
  return documents && documents->size() == 1 ? documents->front().value : JsonValue();
}
constexpr std::string_view kPod = R"(
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {heddle.dev/inject: enabled}}
spec:
  initContainers: [{name: migrate, image: app}]
  containers:
    - name: app
      image: app
      ports: [{name: http, containerPort: 8080}, {containerPort: 53, protocol: UDP}]
      readinessProbe: {httpGet: {path: /ready, port: http}, periodSeconds: 3}
      livenessProbe: {exec: {command: [ok]}}
)";
InjectSettings settings() {
  InjectSettings out;
  out.image = "heddle-proxy:0.1.0";
  return out;
}
Injection run(const JsonValue& pod, const JsonValue& ns = {}) { return inject({pod, ns, false}, settings()); }

std::vector<std::string> names(const JsonValue& pod, std::string_view list) {
  std::vector<std::string> out;
  std::optional<JsonValue> all = pod.find({"spec", list});
  for (size_t i = 0; all && i < all->size(); ++i) out.emplace_back(*all->at(i).find("name")->as_string());
  return out;
}
using Names = std::vector<std::string>;
JsonValue annotated(JsonValue pod, std::string_view name, std::string_view value) {
  return pod.with({"metadata", "annotations", name}, JsonValue::string(value));
}

TEST(Inject, ANativeSidecarStandsBeforeThePodsOwnSteps) {
  Injection out = run(of_yaml(kPod));
  ASSERT_EQ(out.result, InjectResult::kInjected);
  EXPECT_EQ(names(out.pod, "initContainers"), (Names{"heddle-init", "heddle-proxy", "migrate"}));
  EXPECT_EQ(names(out.pod, "containers"), Names{"app"});
  EXPECT_EQ(names(out.pod, "volumes"), (Names{"heddle-identity", "heddle-token", "heddle-root"}));
  EXPECT_EQ(out.pod.find({"spec", "initContainers"})->at(1).find("restartPolicy")->as_string(), "Always");
  EXPECT_EQ(out.pod.find({"metadata", "annotations", "kubectl.kubernetes.io/default-container"})->as_string(), "app");
}

TEST(Inject, AClassicOneIsTheFirstContainerAndTheInitStepTheLast) {
  Injection out = run(annotated(of_yaml(kPod), "heddle.dev/native-sidecar", "false"));
  ASSERT_EQ(out.result, InjectResult::kInjected);
  EXPECT_EQ(names(out.pod, "initContainers"), (Names{"migrate", "heddle-init"}));
  EXPECT_EQ(names(out.pod, "containers"), (Names{"heddle-proxy", "app"}));
  EXPECT_TRUE(out.pod.find({"spec", "containers"})->at(0).find({"lifecycle", "postStart"}));
}

TEST(Inject, OnlyTheInitStepMayRedirectAndNothingElseMayAnything) {
  Injection out = run(of_yaml(kPod));
  JsonValue init = out.pod.find({"spec", "initContainers"})->at(0);
  JsonValue proxy = out.pod.find({"spec", "initContainers"})->at(1);
  EXPECT_EQ(init.find({"securityContext", "capabilities"})->compact(),
            R"({"add":["NET_ADMIN","NET_RAW"],"drop":["ALL"]})");
  EXPECT_EQ(proxy.find({"securityContext", "capabilities"})->compact(), R"({"drop":["ALL"]})");
  EXPECT_EQ(proxy.find({"securityContext", "runAsUser"})->as_integer(), 2102);
  EXPECT_EQ(proxy.find({"securityContext", "readOnlyRootFilesystem"})->as_bool(), true);
}

TEST(Inject, TheSidecarKnowsThePortsOfTheApplication) {
  std::string proxy = run(of_yaml(kPod)).pod.find({"spec", "initContainers"})->at(1).compact();
  EXPECT_NE(proxy.find(R"({"name":"HEDDLE_INBOUND_PORTS","value":"8080"})"), std::string::npos) << proxy;
}

TEST(Inject, ExplicitModeNeedsNoRights) {
  Injection out = run(annotated(of_yaml(kPod), "heddle.dev/mode", "explicit"));
  EXPECT_EQ(names(out.pod, "initContainers"), (Names{"heddle-proxy", "migrate"}));
  EXPECT_EQ(out.pod.compact().find("NET_ADMIN"), std::string::npos);
}

TEST(Inject, ExplicitModeHasOnePortAtMost) {
  JsonValue pod =
      of_yaml(R"({metadata: {labels: {heddle.dev/inject: enabled}, annotations: {heddle.dev/mode: explicit}},
      spec: {containers: [{name: app, ports: [{containerPort: 8080}, {containerPort: 9090}]}]}})");
  EXPECT_EQ(run(pod).problems, Names{"annotation heddle.dev/mode: in explicit mode one port has a sidecar, and the pod "
                                     "has several; take intercept"});
}

TEST(Inject, APodThatLeavesWaitsForAsLongAsItSays) {
  Injection out = run(annotated(of_yaml(kPod), "heddle.dev/drain-deadline", "2m"));
  JsonValue proxy = out.pod.find({"spec", "initContainers"})->at(1);
  EXPECT_EQ(proxy.find({"lifecycle", "preStop", "exec", "command"})->compact(),
            R"(["/usr/bin/heddle-proxy","drain","--wait","--timeout","2m"])");
}

TEST(Inject, ItsOwnOutputIsLeftAlone) {
  Injection once = run(of_yaml(kPod));
  Injection twice = run(once.pod);
  EXPECT_EQ(twice.result, InjectResult::kAlreadyInjected);
  EXPECT_EQ(twice.pod, once.pod);
}

TEST(Inject, TheWordOfThePodWinsOverItsNamespaces) {
  JsonValue on = of_yaml("metadata: {labels: {heddle.dev/inject: enabled}}");
  JsonValue plain = of_yaml("{metadata: {name: a}, spec: {containers: [{name: app}]}}");
  JsonValue off = plain.with({"metadata", "annotations", "heddle.dev/inject"}, JsonValue::string("disabled"));
  EXPECT_EQ(run(plain).result, InjectResult::kNotAsked);
  EXPECT_EQ(run(plain, on).result, InjectResult::kInjected);
  EXPECT_EQ(run(off, on).result, InjectResult::kDisabled);
}

TEST(Inject, APodOnTheNodesNetworkIsLeftAlone) {
  JsonValue pod = of_yaml(kPod).with({"spec", "hostNetwork"}, JsonValue::boolean(true));
  EXPECT_EQ(run(pod).result, InjectResult::kHostNetwork);
}

TEST(Inject, WhoLooksLikeTheSidecarIsRefused) {
  JsonValue pod = of_yaml(R"({metadata: {labels: {heddle.dev/inject: enabled}}, spec: {containers: [
      {name: app, securityContext: {runAsUser: 2102}, ports: [{containerPort: 15006}]}]}})");
  Injection out = run(pod);
  EXPECT_EQ(out.result, InjectResult::kRefused);
  EXPECT_EQ(out.problems,
            (Names{"container \"app\" runs as user 2102, which is the sidecar's: its connections would pass by it; "
                   "choose another user",
                   "container \"app\" has port 15006: 15000 to 15029 are the sidecar's"}));
  EXPECT_EQ(out.pod, pod);
}

TEST(Inject, AWrongAnnotationRefusesThePodAndAnUnknownOneIsAWarning) {
  JsonValue pod = annotated(of_yaml(kPod), "heddle.dev/skip-outbound-ports", "80,x");
  pod = annotated(pod, "heddle.dev/skip-outbond-ports", "80");
  Injection out = run(pod);
  EXPECT_EQ(out.result, InjectResult::kRefused);
  EXPECT_EQ(out.problems, Names{"annotation heddle.dev/skip-outbound-ports of the pod: \"80,x\": expected ports and "
                                "ranges with commas, like 80,8000-8010"});
  EXPECT_EQ(out.warnings,
            Names{"annotation heddle.dev/skip-outbond-ports of the pod is not one that this version knows"});
}

// Kubelet has neither certificate nor identity: strict ports and policies would refuse it.
TEST(Inject, KubeletAsksTheSidecarInsteadOfTheApplication) {
  Injection out = run(of_yaml(kPod));
  ASSERT_EQ(out.result, InjectResult::kInjected);
  JsonValue app = out.pod.find({"spec", "containers"})->at(0);
  EXPECT_EQ(app.find("readinessProbe")->compact(),
            R"({"httpGet":{"path":"/app-health/app/readyz","port":15020},"periodSeconds":3})");
  EXPECT_EQ(app.find("livenessProbe")->compact(), R"({"exec":{"command":["ok"]}})");
  EXPECT_EQ(out.pod.find({"metadata", "annotations", "heddle.dev/probes"})->as_string(),
            R"({"app/readyz":{"httpGet":{"path":"/ready","port":8080},"periodSeconds":3}})");
}

TEST(Inject, AStepThatStaysIsAskedLikeAContainer) {
  JsonValue pod = of_yaml(R"({metadata: {labels: {heddle.dev/inject: enabled}}, spec: {
      initContainers: [{name: cache, restartPolicy: Always, ports: [{containerPort: 6379}],
                        startupProbe: {tcpSocket: {port: 6379}}}],
      containers: [{name: app, ports: [{containerPort: 8080}]}]}})");
  Injection out = run(pod);
  ASSERT_EQ(out.result, InjectResult::kInjected);
  std::optional<JsonValue> steps = out.pod.find({"spec", "initContainers"});
  EXPECT_EQ(steps->at(2).find("startupProbe")->compact(),
            R"({"httpGet":{"path":"/app-health/cache/startupz","port":15020}})");
  EXPECT_NE(steps->at(1).compact().find(R"({"name":"HEDDLE_INBOUND_PORTS","value":"6379,8080"})"), std::string::npos);
  EXPECT_EQ(uninject(out.pod), pod);
}

TEST(Inject, APortThatNobodyHasIsRefused) {
  JsonValue pod = of_yaml(R"({metadata: {labels: {heddle.dev/inject: enabled},
      annotations: {heddle.dev/inbound-tls: strict}},
      spec: {containers: [{name: app, livenessProbe: {tcpSocket: {port: web}}}]}})");
  EXPECT_EQ(run(pod).problems, Names{"livenessProbe of container \"app\": tcpSocket.port is no number and no port of "
                                     "the container"});
}

TEST(Uninject, IsTheWayBack) {
  JsonValue pod = of_yaml(kPod);
  Injection out = run(annotated(pod, "heddle.dev/inbound-tls", "strict"));
  JsonValue back = uninject(out.pod);
  EXPECT_EQ(names(back, "initContainers"), Names{"migrate"});
  EXPECT_FALSE(back.find({"spec", "volumes"}));
  // A named port comes back as its number.
  EXPECT_EQ(back.find({"spec", "containers"})->at(0).find({"readinessProbe", "httpGet", "port"})->as_integer(), 8080);
  EXPECT_EQ(back.find({"metadata", "annotations"})->compact(), R"({"heddle.dev/inbound-tls":"strict"})");
  EXPECT_EQ(uninject(pod), pod) << "where there is nothing to take out";
}
}  // namespace
}  // namespace heddle
