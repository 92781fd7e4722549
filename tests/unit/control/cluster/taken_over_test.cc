#include "control/cluster/taken_over.h"

#include "control/cluster/pod_facts.h"
#include "tests/unit/control/cluster/cluster_yaml.h"

namespace heddle {
namespace {
using test::one_of_yaml;

TEST(TakenOver, IsWithoutWhatServersAndToolsKeep) {
  JsonValue object = one_of_yaml(R"(
metadata:
  name: a
  namespace: shop
  uid: x
  finalizers: [y]
  ownerReferences: []
  annotations: {kubectl.kubernetes.io/last-applied-configuration: "{}", note: z}
spec: {identity: spiffe://td/a}
status: {conditions: []})");
  std::optional<JsonValue> taken = taken_over(Kind::kWorkload, object);
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->compact(),
            R"({"apiVersion":"heddle.dev/v1","kind":"Workload","metadata":{"annotations":{"note":"z"},)"
            R"("name":"a","namespace":"shop"},"spec":{"identity":"spiffe://td/a"}})");
}

TEST(TakenOver, ARouteKeepsTheParentsThatAreServices) {
  JsonValue route = one_of_yaml(R"({metadata: {name: a, namespace: shop}, spec: {parentRefs: [{name: gate},
      {group: '', kind: Service, name: hello}, {kind: Service, name: of-gateways}], rules: []}})");
  EXPECT_EQ(taken_over(Kind::kHttpRoute, route)->find({"spec", "parentRefs"})->compact(),
            R"([{"group":"","kind":"Service","name":"hello"}])");
}

TEST(TakenOver, ARouteOfGatewaysAloneIsNotOurs) {
  JsonValue route =
      one_of_yaml("{metadata: {name: a, namespace: shop}, spec: {parentRefs: [{name: gate}], rules: []}}");
  EXPECT_FALSE(taken_over(Kind::kHttpRoute, route));
}

TEST(PodEssentials, AreAllThatIsReadOfAPod) {
  JsonValue pod = one_of_yaml(R"({metadata: {name: a, namespace: shop, uid: u, labels: {app: x}, resourceVersion: '7'},
      spec: {serviceAccountName: sa, nodeName: n, initContainers: [{name: heddle-proxy, image: i}]},
      status: {phase: Running}})");
  PodFacts whole = read_pod(pod);
  PodFacts kept = read_pod(pod_essentials(pod));
  EXPECT_EQ(kept.ref, whole.ref);
  EXPECT_EQ(kept.service_account, "sa");
  EXPECT_EQ(kept.uid, "u");
  EXPECT_EQ(kept.node, "n");
  EXPECT_EQ(kept.labels, whole.labels);
  EXPECT_TRUE(kept.is_meshed);
  EXPECT_FALSE(pod_essentials(pod).find("status"));
}
}  // namespace
}  // namespace heddle
