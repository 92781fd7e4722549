#include "control/cluster/unresolved_backends.h"

#include <gtest/gtest.h>

#include "tests/unit/control/cluster/cluster_yaml.h"

namespace heddle {
namespace {
JsonValue route() {
  return test::one_of_yaml(R"({kind: HTTPRoute, spec: {rules: [
    {name: first, backendRefs: [{name: a, port: 80}]},
    {backendRefs: [{name: b, port: 80}, {name: c, port: 80, weight: 3, filters: [{type: RequestHeaderModifier}]}]}]}})");
}

TEST(UnresolvedBackends, AReferenceKeepsItsWeightAndSaysWhy) {
  std::optional<JsonValue> marked = with_unresolved(route(), "spec.rules[1].backendRefs[1].name", "no Service \"c\"");

  ASSERT_TRUE(marked);
  EXPECT_EQ(marked->find({"spec", "rules"})->at(1).find("backendRefs")->at(1).compact(),
            R"({"name":"c","port":80,"unresolved":"BackendNotFound: no Service \"c\"","weight":3})");
  EXPECT_EQ(marked->find({"spec", "rules"})->at(1).find("backendRefs")->at(0).compact(), R"({"name":"b","port":80})");
  EXPECT_EQ(marked->find({"spec", "rules"})->at(0), route().find({"spec", "rules"})->at(0)) << "the others stay";
}

TEST(UnresolvedBackends, WhatIsNoReferenceOfARuleStaysAnError) {
  for (const char* field :
       {"spec.rules[1].backendRefs[1].weight", "spec.rules[1].backendRefs[2].name", "spec.rules[2].backendRefs[0].name",
        "spec.rules[0].filters[0].requestMirror.backendRef.name", "spec.parentRefs[0].name",
        "spec.rules[x].backendRefs[0]", "spec.rules[0", ""}) {
    EXPECT_FALSE(with_unresolved(route(), field, "no")) << field;
  }
}

TEST(UnresolvedBackends, TheReasonIsThatOfTheGatewayApi) {
  EXPECT_EQ(unresolved_reason("spec.rules[0].backendRefs[0].kind"), "InvalidKind");
  EXPECT_EQ(unresolved_reason("spec.rules[0].backendRefs[0].port"), "BackendNotFound");
  EXPECT_EQ(unresolved_reason("spec.rules[0].filters[0].requestMirror.backendRef.name"), "BackendNotFound");
  EXPECT_FALSE(unresolved_reason("spec.rules[0].backendRefs[0].weight"));
  EXPECT_FALSE(unresolved_reason("spec.rules[0].name"));
}
}  // namespace
}  // namespace heddle
