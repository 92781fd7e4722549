#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "lib/decision/explain.h"
#include "tests/support/config_fixtures.h"

namespace heddle {
namespace {
using testing::HasSubstr;
using testing::Not;

// Service a, whose one endpoint is the Workload app with that spec.overload.
std::string mesh(std::string_view overload) {
  return str_cat(
      "{apiVersion: heddle.dev/v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 80}]}}\n---\n"
      "{apiVersion: heddle.dev/v1, kind: BackendSet, metadata: {name: a}, spec: {endpoints: [{address: 10.0.0.1, "
      "port: 80, identity: 'spiffe://td/ns/default/sa/app'}]}}\n---\n"
      "{apiVersion: heddle.dev/v1, kind: Workload, metadata: {name: app}, spec: {identity: "
      "'spiffe://td/ns/default/sa/app', services: [a]",
      overload, "}}\n---\n");
}
std::string trace_of(std::string_view overload, const ExplainWords& words) {
  Problems problems;
  auto query = ExplainQuery::parse(words, problems);
  HEDDLE_CHECK(query.has_value());
  return explain(*snapshot_of(mesh(overload)), *query).trace.text();
}

constexpr std::string_view kBatch =
    ", overload: {adaptiveConcurrency: {minLimit: 2, maxLimit: 20}, priorities: [{priority: critical, from: "
    "[{identities: ['spiffe://td/ns/ops/*']}]}, {priority: low, to: [{paths: [{type: PathPrefix, value: /batch}]}]}]}";

TEST(ExplainOverload, SaysThePriorityByWhichRuleAndWhatItIsWorth) {
  EXPECT_THAT(
      trace_of(kBatch, {.url = "http://a/batch/1"}),
      HasSubstr("\npriority: low by Workload default/app rule 1 at spiffe://td/ns/default/sa/app: may fill 50 % "
                "of the adaptive limit (2-20), refused under tight or full pressure"));
  EXPECT_THAT(trace_of(kBatch, {.url = "http://a/"}),
              HasSubstr("\npriority: default by Workload default/app, no rule matches at "
                        "spiffe://td/ns/default/sa/app: may fill 90 % of the adaptive limit (2-20), refused under full "
                        "pressure"));
}

TEST(ExplainOverload, CriticalGoesBeyondTheLimit) {
  EXPECT_THAT(trace_of(kBatch, {.url = "http://a/batch/1", .from = "spiffe://td/ns/ops/sa/repair"}),
              HasSubstr("\npriority: critical by Workload default/app rule 0 at spiffe://td/ns/default/sa/app: may go "
                        "beyond the adaptive limit (2-20) up to its maximum, not refused for pressure"));
}

TEST(ExplainOverload, WithoutRulesNobodyHasLess) {
  EXPECT_THAT(trace_of(", overload: {adaptiveConcurrency: {}}", {.url = "http://a/"}),
              HasSubstr("may fill 100 % of the adaptive limit (3-1000)"));
}

TEST(ExplainOverload, NamesHealthProbes) {
  EXPECT_THAT(trace_of(kBatch, {.url = "http://a/healthz"}), HasSubstr("\npriority: a health probe at "));
}

TEST(ExplainOverload, OfOneReceiverIsJudgedWithItsPort) {
  auto snapshot =
      snapshot_of(mesh(", overload: {priorities: [{priority: high, to: [{ports: [8080]}]}, {priority: low}]}"));
  Problems problems;
  auto query = ExplainQuery::parse({.url = "http://a/"}, problems);
  ASSERT_TRUE(query);
  SpiffeId receiver = *SpiffeId::parse("spiffe://td/ns/default/sa/app");
  auto said = [&](uint16_t port) {
    Explanation found;
    EXPECT_TRUE(explain_overload_at(snapshot->model(), receiver, {nullptr, false, port, &query->head()}, found));
    return found.trace.text();
  };

  EXPECT_THAT(said(8080), HasSubstr("priority: high by Workload default/app rule 0 at "));
  EXPECT_THAT(said(8081), HasSubstr("priority: low by Workload default/app rule 1 at "));
  Explanation other;
  AuthzFacts facts{nullptr, false, 8080, &query->head()};
  EXPECT_FALSE(explain_overload_at(snapshot->model(), *SpiffeId::parse("spiffe://td/ns/x/sa/x"), facts, other));
}

TEST(ExplainOverload, IsSilentWhereNothingIsSaid) {
  EXPECT_THAT(trace_of("", {.url = "http://a/"}), Not(HasSubstr("priority")));
}
}  // namespace
}  // namespace heddle
