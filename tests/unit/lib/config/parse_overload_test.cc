#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "lib/config/overload.h"
#include "lib/config/parse.h"
#include "lib/config/validate.h"
#include "tests/support/config_fixtures.h"

namespace heddle {
namespace {
using testing::HasSubstr;

std::string workload_yaml(std::string_view overload, std::string_view name = "app") {
  return str_cat("{apiVersion: heddle.dev/v1, kind: Workload, metadata: {name: ", name,
                 "}, spec: {identity: 'spiffe://td/app', overload: ", overload, "}}\n---\n");
}
std::shared_ptr<const OverloadSpec> parsed(std::string_view overload) {
  Problems problems;
  std::optional<ParsedSpec> out = parse_resource(resources_of(workload_yaml(overload)).at(0), problems);
  EXPECT_TRUE(out) << problems.text();
  return out ? std::get<std::shared_ptr<const WorkloadSpec>>(*out)->overload : nullptr;
}
std::string problems_of(std::string_view overload) { return spec_problems_of(workload_yaml(overload)); }
std::string problem_of_rule(std::string_view rule) { return problems_of(str_cat("{priorities: [{", rule, "}]}")); }

TEST(ParseOverload, AbsentLimitsNothing) {
  Problems problems;
  auto out = parse_resource(resources_of("{apiVersion: heddle.dev/v1, kind: Workload, metadata: {name: a}, spec: "
                                         "{identity: 'spiffe://td/app'}}")
                                .at(0),
                            problems);
  ASSERT_TRUE(out);
  EXPECT_EQ(std::get<std::shared_ptr<const WorkloadSpec>>(*out)->overload, nullptr);
}

TEST(ParseOverload, ReadsLimitsAndHasDefaults) {
  EXPECT_EQ(parsed("{adaptiveConcurrency: {minLimit: 5, maxLimit: 50}}")->adaptive, (AdaptiveConcurrencySpec{5, 50}));
  EXPECT_EQ(parsed("{adaptiveConcurrency: {}}")->adaptive, (AdaptiveConcurrencySpec{3, 1000}));
}

TEST(ParseOverload, ReadsPrioritiesInTheirOrder) {
  auto out = parsed(
      "{priorities: [{priority: critical, from: [{namespaces: [ops]}], to: [{methods: [GET]}]}, "
      "{priority: high, to: [{paths: [{type: PathPrefix, value: /checkout/}]}]}, "
      "{priority: default, to: [{ports: [8080]}]}, {priority: low}]}");
  ASSERT_EQ(out->priorities.size(), 4U);
  EXPECT_EQ(out->adaptive, std::nullopt);
  EXPECT_EQ(out->priorities[0].priority, RequestPriority::kCritical);
  EXPECT_EQ(out->priorities[0].match.from->at(0).namespaces->at(0), "ops");
  EXPECT_EQ(out->priorities[1].match.to->at(0).paths->at(0).value, "/checkout");
  EXPECT_EQ(out->priorities[3].priority, RequestPriority::kLow);
  EXPECT_FALSE(out->priorities[3].match.from || out->priorities[3].match.to);
}

TEST(ParseOverload, RefusesWhatSaysNothingOrTooMuch) {
  EXPECT_THAT(problems_of("{}"), HasSubstr("spec.overload: says nothing"));
  EXPECT_THAT(problems_of("{priorities: []}"), HasSubstr("spec.overload.priorities"));
  EXPECT_THAT(problems_of("{adaptiveConcurrency: {minLimit: 0}}"), HasSubstr("adaptiveConcurrency.minLimit"));
  EXPECT_THAT(problems_of("{adaptiveConcurrency: {maxLimit: 100001}}"), HasSubstr("adaptiveConcurrency.maxLimit"));
  EXPECT_THAT(problems_of("{adaptiveConcurrency: {minLimit: 9, maxLimit: 8}}"),
              HasSubstr("minLimit: is 9, above maxLimit, which is 8"));
  EXPECT_THAT(problems_of("{adaptiveConcurrency: {window: 1s}}"), HasSubstr("adaptiveConcurrency.window"));
}

TEST(ParseOverload, RefusesRulesThatDoNotSayWhoOrWhat) {
  EXPECT_THAT(problem_of_rule("to: [{methods: [GET]}]"), HasSubstr("priority: is required"));
  EXPECT_THAT(problem_of_rule("priority: urgent"), HasSubstr("expected one of critical, high, default, low"));
  EXPECT_THAT(problem_of_rule("priority: high"), HasSubstr("\"high\" needs from or to"));
  EXPECT_THAT(problem_of_rule("priority: low, form: []"), HasSubstr("form"));
}

TEST(ParseOverload, RefusesAHeaderAloneToRaiseWhoeverSendsIt) {
  std::string header = "to: [{headers: [{name: x-urgent}]}]";
  EXPECT_THAT(problem_of_rule("priority: high, " + header), HasSubstr("raises whoever sends a header"));
  EXPECT_EQ(problem_of_rule("priority: low, " + header), "");
  EXPECT_EQ(problem_of_rule("priority: high, from: [{authenticated: true}], " + header), "");
}

TEST(ParseOverload, RefusesTwoOfOneIdentity) {
  Model model;
  Problems problems;
  for (std::string_view name : {"a", "b"}) {
    Resource one = resources_of(workload_yaml("{adaptiveConcurrency: {}}", name)).at(0);
    put_spec(model, one.key, *parse_resource(one, problems));
  }
  EXPECT_THAT(validate(model, ModelScope::kWhole).text(), HasSubstr("has that of Workload default/a already"));
}
}  // namespace
}  // namespace heddle
