#include <gtest/gtest.h>

#include "lib/base/assert.h"
#include "lib/base/strings.h"
#include "lib/decision/explain.h"
#include "tests/support/config_fixtures.h"

namespace heddle {
namespace {
// Service a behind the sidecars of app and of other; app's workload serves it.
std::string limited_service(std::string_view policies) {
  return str_cat(
      "{apiVersion: heddle.dev/v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 80}]}}\n---\n"
      "{apiVersion: heddle.dev/v1, kind: BackendSet, metadata: {name: a}, spec: {endpoints: ["
      "{address: 10.0.0.1, port: 80, identity: 'spiffe://td/ns/default/sa/app'}, "
      "{address: 10.0.0.2, port: 80, identity: 'spiffe://td/ns/shop/sa/other'}]}}\n---\n"
      "{apiVersion: heddle.dev/v1, kind: Workload, metadata: {name: w}, spec: {identity: "
      "'spiffe://td/ns/default/sa/app', services: [a]}}\n---\n",
      policies);
}
std::string limits_of_a(std::string_view spec) {
  return str_cat("{apiVersion: heddle.dev/v1, kind: RateLimitPolicy, metadata: {name: p}, spec: {targetRef: {kind: ",
                 "Service, name: a}, ", spec, "}}\n---\n");
}
ExplainQuery limits_query(const std::string& from = "") {
  ExplainWords words;
  words.url = "http://a/";
  words.from = from;
  Problems problems;
  auto query = ExplainQuery::parse(words, problems);
  HEDDLE_CHECK(query.has_value());
  return *std::move(query);
}
Explanation explained(std::string_view yaml, const std::string& from = "") {
  return explain(*snapshot_of(yaml), limits_query(from));
}

TEST(ExplainRateLimits, NamesEachLimitOfTheReceiversAndWhetherItCounts) {
  Explanation found = explained(
      limited_service(limits_of_a("mode: report, limits: [{name: all, requests: 5, per: 1m}, {name: writes, matches: "
                                  "[{method: PUT}], by: [{sourceIdentity: true}], requests: 1, per: 1s, burst: 2}]")));

  EXPECT_EQ(found.reason, Reason::kNone);
  ASSERT_EQ(found.rate_limits.size(), 2U);
  const ExplainedRateLimit& all = found.rate_limits[0];
  EXPECT_EQ(all.identity, "spiffe://td/ns/default/sa/app");
  EXPECT_EQ(all.policy, "default/p");
  EXPECT_EQ(all.limit, "all");
  EXPECT_EQ(all.rate, "5 per 1m, burst 5");
  EXPECT_FALSE(all.enforces);
  EXPECT_EQ(all.why_not, "");
  EXPECT_EQ(found.rate_limits[1].limit, "writes");
  EXPECT_NE(found.rate_limits[1].why_not, "");
  EXPECT_NE(found.trace.text().find("RateLimitPolicy default/p limit all at spiffe://td/ns/default/sa/app: counts, "
                                    "5 per 1m, burst 5, only reported"),
            std::string::npos)
      << found.trace.text();
}

TEST(ExplainRateLimits, OfOneReceiverAreThoseOfItsWorkload) {
  auto snapshot = snapshot_of(limited_service(limits_of_a("limits: [{name: all, requests: 5, per: 1m}]")));
  ExplainQuery query = limits_query();
  auto limits_of = [&](const std::string& id) {
    Explanation found;
    AuthzSubject subject = authz_subject(snapshot->model().workloads, *SpiffeId::parse(id));
    explain_rate_limits_at(snapshot->model(), subject, id, query.head(), found);
    return found.trace.text();
  };

  EXPECT_NE(limits_of("spiffe://td/ns/default/sa/app").find("limit all at spiffe://td/ns/default/sa/app: counts, "),
            std::string::npos);
  EXPECT_EQ(limits_of("spiffe://td/ns/shop/sa/other"), "");
}

TEST(ExplainRateLimits, SaysNothingOfRequestsThatAuthorizationDenies) {
  std::string deny =
      "{apiVersion: heddle.dev/v1, kind: AuthorizationPolicy, metadata: {name: d}, spec: {action: deny, rules: [{}]}}"
      "\n---\n{apiVersion: heddle.dev/v1, kind: AuthorizationPolicy, metadata: {name: d, namespace: shop}, spec: "
      "{action: deny, rules: [{}]}}\n---\n";

  Explanation found = explained(limited_service(deny + limits_of_a("limits: [{name: all, requests: 5, per: 1m}]")),
                                "spiffe://td/ns/default/sa/web");

  EXPECT_EQ(found.reason, Reason::kAuthzDenied);
  EXPECT_TRUE(found.rate_limits.empty());
}

TEST(ExplainRateLimits, AreInTheJson) {
  ExplainQuery query = limits_query();
  auto snapshot = snapshot_of(limited_service(limits_of_a("limits: [{name: all, requests: 5, per: 1m}]")));

  std::string text = explanation_json(query, explain(*snapshot, query));

  EXPECT_NE(text.find(R"("rateLimits":[{"identity":"spiffe://td/ns/default/sa/app","policy":"default/p","limit":"all",)"
                      R"("rate":"5 per 1m, burst 5","mode":"enforce","counts":true}])"),
            std::string::npos)
      << text;
}
}  // namespace
}  // namespace heddle
