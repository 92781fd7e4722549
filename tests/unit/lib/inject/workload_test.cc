#include "lib/inject/workload.h"

#include <gtest/gtest.h>

#include "lib/config/yaml.h"

namespace heddle {
namespace {
JsonValue of_yaml(std::string_view yaml) { return parse_documents(yaml, "test.yaml").value().front().value; }

InjectSettings settings() {
  InjectSettings out;
  out.image = "heddle-proxy:0.1.0";
  return out;
}

constexpr std::string_view kDeployment = R"(
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: app, image: app}]}
)";

constexpr std::string_view kCronJob = R"(
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: app, image: app}]}}}}}
)";

TEST(Workload, TheTemplateOfADeploymentGetsTheSidecar) {
  WorkloadInjection out = inject_workload(of_yaml(kDeployment), settings());
  EXPECT_EQ(out.injected, 1U);
  EXPECT_EQ(out.object.find({"spec", "template", "spec", "initContainers"})->size(), 2U);
  EXPECT_FALSE(out.object.find({"spec", "initContainers"}));
}

TEST(Workload, ACronJobHasItsPodsDeeper) {
  WorkloadInjection out = inject_workload(of_yaml(kCronJob), settings());
  EXPECT_EQ(out.injected, 1U);
  EXPECT_TRUE(out.object.find({"spec", "jobTemplate", "spec", "template", "spec", "initContainers"}));
}

TEST(Workload, TheWayBackIsWhatItWas) {
  for (std::string_view text : {kDeployment, kCronJob}) {
    JsonValue before = of_yaml(text);
    JsonValue injected = inject_workload(before, settings()).object;
    EXPECT_NE(injected.compact(), before.compact());
    EXPECT_EQ(uninject_workload(injected).compact(), before.compact());
    EXPECT_EQ(inject_workload(injected, settings()).object.compact(), injected.compact()) << "twice is once";
  }
}

TEST(Workload, AListIsInjectedItemByItemAndWhatHasNoPodsStays) {
  JsonValue service = of_yaml("{kind: Service, metadata: {name: web}, spec: {ports: [{port: 80}]}}");
  JsonValue list = JsonValue::object().with({"kind"}, JsonValue::string("List"));
  list = list.with({"items"}, JsonValue::array(std::vector{service, of_yaml(kDeployment)}));
  WorkloadInjection out = inject_workload(list, settings());
  EXPECT_EQ(out.injected, 1U);
  EXPECT_EQ(out.object.find("items")->at(0).compact(), service.compact());
  EXPECT_EQ(uninject_workload(out.object).compact(), list.compact());
}

TEST(Workload, AProblemNamesTheWorkload) {
  WorkloadInjection out = inject_workload(
      of_yaml(
          "{kind: Pod, metadata: {name: web, annotations: {heddle.dev/mode: magic}}, spec: {containers: [{name: a}]}}"),
      settings());
  ASSERT_EQ(out.problems.size(), 1U);
  EXPECT_TRUE(out.problems.front().starts_with("Pod web: annotation heddle.dev/mode")) << out.problems.front();
}
}  // namespace
}  // namespace heddle
