#include "control/cluster/object_status.h"

#include "tests/unit/control/cluster/cluster_yaml.h"

namespace heddle {
namespace {
using test::one_of_yaml;

const WallTime kNow = parse_time("2026-01-31T12:34:56.789Z").value();
const ObjectCondition kAccepted{"Accepted", "True", "Accepted", ""};

std::string condition(std::string_view type, std::string_view status, std::string_view reason, std::string_view since,
                      std::string_view generation = "3") {
  return str_cat(R"({"lastTransitionTime":")", since, R"(","message":"","observedGeneration":)", generation,
                 R"(,"reason":")", reason, R"(","status":")", status, R"(","type":")", type, R"("})");
}

TEST(RouteStatus, OursIsAddedAndThoseOfOthersStay) {
  JsonValue route = one_of_yaml(R"(
status: {parents: [{controllerName: example.com/other, parentRef: {name: gate}, conditions: [{type: Accepted}]}]})");
  JsonValue parent = one_of_yaml("{group: '', kind: Service, name: hello}");

  auto status = route_status(route, 3, {{parent, {kAccepted}}}, kNow);

  ASSERT_TRUE(status);
  EXPECT_EQ(
      status->compact(),
      str_cat(
          R"({"parents":[{"conditions":[{"type":"Accepted"}],"controllerName":"example.com/other",)",
          R"("parentRef":{"name":"gate"}},{"conditions":[)",
          condition("Accepted", "True", "Accepted", "2026-01-31T12:34:56Z"),
          R"(],"controllerName":"heddle.dev/controller","parentRef":{"group":"","kind":"Service","name":"hello"}}]})"));
}

TEST(RouteStatus, WhatIsThereAlreadyIsNotWrittenAgain) {
  JsonValue parent = one_of_yaml("{group: '', kind: Service, name: hello}");
  JsonValue route = JsonValue::object();
  route = route.with({"status"}, *route_status(route, 3, {{parent, {kAccepted}}}, kNow));

  EXPECT_FALSE(route_status(route, 3, {{parent, {kAccepted}}}, kNow + 1h));
}

TEST(RouteStatus, TheTimeOfTransitionMovesOnlyWithTheStatus) {
  JsonValue parent = one_of_yaml("{kind: Service, name: hello}");
  JsonValue route = JsonValue::object();
  route = route.with({"status"}, *route_status(route, 3, {{parent, {kAccepted}}}, kNow));

  auto same = route_status(route, 4, {{parent, {kAccepted}}}, kNow + 1h);
  ASSERT_TRUE(same);
  EXPECT_NE(same->compact().find(condition("Accepted", "True", "Accepted", "2026-01-31T12:34:56Z", "4")),
            std::string::npos);
  auto other = route_status(route, 4, {{parent, {{"Accepted", "False", "Conflicted", ""}}}}, kNow + 1h);
  ASSERT_TRUE(other);
  EXPECT_NE(other->compact().find(condition("Accepted", "False", "Conflicted", "2026-01-31T13:34:56Z", "4")),
            std::string::npos);
}

TEST(RouteStatus, OneThatTellsOfANewerGenerationIsLeftAlone) {
  JsonValue parent = one_of_yaml("{kind: Service, name: hello}");
  JsonValue route = JsonValue::object();
  route = route.with({"status"}, *route_status(route, 5, {{parent, {kAccepted}}}, kNow));

  EXPECT_FALSE(route_status(route, 4, {{parent, {{"Accepted", "False", "Conflicted", ""}}}}, kNow));
}

TEST(RouteStatus, AParentThatIsNoMoreGoesAndAForeignOneStays) {
  JsonValue parent = one_of_yaml("{kind: Service, name: hello}");
  JsonValue route = one_of_yaml("{status: {parents: [{controllerName: example.com/other}]}}");
  route = route.with({"status"}, *route_status(route, 3, {{parent, {kAccepted}}}, kNow));

  auto status = route_status(route, 4, {}, kNow);
  ASSERT_TRUE(status);
  EXPECT_EQ(status->compact(), R"({"parents":[{"controllerName":"example.com/other"}]})");
  EXPECT_FALSE(route_status(JsonValue::object(), 4, {}, kNow)) << "there was nothing and is nothing";
}

TEST(PolicyStatus, ConditionsOfOthersStay) {
  JsonValue policy = one_of_yaml("{status: {conditions: [{type: Reviewed, status: 'True'}], other: 1}}");
  auto status = policy_status(policy, 3, {kAccepted}, kNow);
  ASSERT_TRUE(status);
  EXPECT_EQ(status->compact(),
            str_cat(R"({"conditions":[{"status":"True","type":"Reviewed"},)",
                    condition("Accepted", "True", "Accepted", "2026-01-31T12:34:56Z"), R"(],"other":1})"));
}

TEST(RouteStatus, EachEntryStaysWhereItIs) {
  JsonValue parent = one_of_yaml("{kind: Service, name: hello}");
  JsonValue route = JsonValue::object();
  route = route.with({"status"}, *route_status(route, 3, {{parent, {kAccepted}}}, kNow));
  JsonValue both[] = {route.find({"status", "parents"})->at(0), one_of_yaml("{controllerName: example.com/other}")};
  route = route.with({"status", "parents"}, JsonValue::array(both));

  EXPECT_FALSE(route_status(route, 3, {{parent, {kAccepted}}}, kNow)) << "somebody put his at the end";
}

TEST(ConditionsOf, AParentOrATargetThatIsNotThereIsNotAccepted) {
  auto first = [](std::string field) { return conditions_of({{{std::move(field), "no"}}, std::nullopt})[0]; };
  EXPECT_EQ(first("spec.parentRefs[0].port").status, "False");
  EXPECT_EQ(first("spec.parentRefs[0].port").reason, "NoMatchingParent");
  EXPECT_EQ(first("spec.targetRefs[0].name").reason, "TargetNotFound");
  EXPECT_EQ(first("spec.rules[0].backendRefs[0].weight").reason, "UnsupportedValue");
  EXPECT_EQ(first("spec.rules[0].backendRefs[0].kind").status, "True");
}

TEST(ConditionsOf, AReferenceThatLeadsNowhereIsNoBadValue) {
  std::vector<ObjectCondition> found =
      conditions_of({{{"spec.rules[0].backendRefs[0].name", "no BackendSet shop/x"}}, std::nullopt});
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].status, "True");
  EXPECT_EQ(found[1].status, "False");
  EXPECT_EQ(found[1].reason, "BackendNotFound");
  EXPECT_EQ(found[1].message, "spec.rules[0].backendRefs[0].name: no BackendSet shop/x");
  EXPECT_EQ(found[2].reason, "Invalid");
}

TEST(ConditionsOf, ARouteThatIsInForceWithSuchAReferenceTellsWhereItIsLive) {
  ObjectCondition live{"Programmed", "True", "Programmed", "version 7.12 is live on 15 of 15"};
  std::vector<ObjectCondition> found =
      conditions_of({{{"spec.rules[0].backendRefs[0].kind", "\"Foo\" is no backend"}}, live});
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].status, "True");
  EXPECT_EQ(found[1].reason, "InvalidKind");
  EXPECT_EQ(found[2].status, "True");

  EXPECT_EQ(conditions_of({{{"spec.rules[0].name", "twice"}}, live})[2].reason, "Invalid");
}

TEST(ConditionsOf, WhatIsFineTellsWhereItIsLive) {
  std::vector<ObjectCondition> found =
      conditions_of({{}, ObjectCondition{"Programmed", "True", "Programmed", "version 7.12 is live on 15 of 15"}});
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[2].message, "version 7.12 is live on 15 of 15");
}

TEST(ConditionsOf, NoneIsWithoutWords) {
  for (const ObjectCondition& one : conditions_of({})) EXPECT_NE(one.message, "") << one.type;
  for (const ObjectCondition& one : conditions_of({{{"spec.x", "no"}}, std::nullopt})) EXPECT_NE(one.message, "");
}
}  // namespace
}  // namespace heddle
