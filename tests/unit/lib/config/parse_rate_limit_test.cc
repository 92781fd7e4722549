#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "lib/config/parse.h"
#include "lib/config/validate.h"
#include "tests/support/config_fixtures.h"

namespace heddle {
namespace {
std::string document(std::string_view name, std::string_view spec) {
  return str_cat("{apiVersion: heddle.dev/v1, kind: RateLimitPolicy, metadata: {name: ", name, "}, spec: {", spec,
                 "}}");
}
std::string problems_of(std::string_view spec) { return spec_problems_of(document("x", spec)); }
std::string in_limit(std::string_view fields) {
  return problems_of(str_cat("limits: [{name: a, requests: 1, per: 1s, ", fields, "}]"));
}

std::string together(std::string_view yaml) { return validate(model_of(yaml), ModelScope::kWhole).text(); }
std::string limits(size_t count) {
  std::string out;
  for (size_t i = 0; i < count; ++i) {
    out.append(str_cat(i == 0 ? "" : ", ", "{name: l", std::to_string(i), ", requests: 1, per: 1s}"));
  }
  return str_cat("limits: [", out, "]");
}

TEST(ParseRateLimit, ReadsEveryField) {
  Problems problems;
  Resource resource =
      resources_of(document("x",
                            "targetRef: {kind: Service, name: hello}, mode: report, limits: [{name: per-caller, "
                            "matches: [{path: {type: PathPrefix, value: /a/}, method: GET, headers: [{name: X-A, "
                            "value: b}]}], by: [{sourceIdentity: true}, {header: X-Tenant}], requests: 100, "
                            "per: 1m, burst: 200}, {name: all, requests: 5, per: 1h}]"))
          .at(0);
  auto spec = std::get<std::shared_ptr<const RateLimitPolicySpec>>(*parse_resource(resource, problems));

  EXPECT_EQ(spec->target->kind, Kind::kService);
  EXPECT_EQ(spec->target->name, "hello");
  EXPECT_FALSE(spec->enforces);
  const RateLimit& first = spec->limits.at(0);
  EXPECT_EQ(first.name, "per-caller");
  EXPECT_EQ(first.matches.at(0).path.value, "/a");
  EXPECT_EQ(first.matches.at(0).conditions->method, "GET");
  EXPECT_TRUE(first.by_identity);
  EXPECT_EQ(first.by, std::vector<std::string>{"x-tenant"});
  EXPECT_EQ(first.requests, 100U);
  EXPECT_EQ(first.per, 60s);
  EXPECT_EQ(first.burst, 200U);
  const RateLimit& second = spec->limits.at(1);
  EXPECT_FALSE(second.has_keys());
  EXPECT_TRUE(second.matches.empty());
  EXPECT_EQ(second.burst, 5U) << "as many as requests";
}

TEST(ParseRateLimit, EnforcesEverywhereInTheNamespaceByDefault) {
  Problems problems;
  Resource resource = resources_of(document("x", limits(1))).at(0);
  auto spec = std::get<std::shared_ptr<const RateLimitPolicySpec>>(*parse_resource(resource, problems));

  EXPECT_TRUE(spec->enforces);
  EXPECT_FALSE(spec->target);
}

TEST(ParseRateLimit, RefusesNumbersOutOfRange) {
  EXPECT_NE(problems_of("limits: [{name: a, requests: 0, per: 1s}]"), "");
  EXPECT_NE(problems_of("limits: [{name: a, requests: 1000001, per: 1s}]"), "");
  EXPECT_NE(problems_of("limits: [{name: a, requests: 1, per: 999ms}]"), "");
  EXPECT_NE(problems_of("limits: [{name: a, requests: 1, per: 61m}]"), "");
  EXPECT_NE(in_limit("burst: 0"), "");
  EXPECT_NE(in_limit("burst: 1000001"), "");
  EXPECT_EQ(problems_of("limits: [{name: a, requests: 1000000, per: 1h, burst: 1000000}]"), "");
}

TEST(ParseRateLimit, RefusesWhatIsMissingOrUnknown) {
  EXPECT_NE(problems_of("mode: enforce").find("spec.limits"), std::string::npos);
  EXPECT_NE(problems_of("limits: []"), "");
  EXPECT_NE(problems_of("limits: [{name: a, per: 1s}]").find("spec.limits[0].requests"), std::string::npos);
  EXPECT_NE(problems_of("limits: [{name: a, requests: 1}]").find("spec.limits[0].per"), std::string::npos);
  EXPECT_NE(problems_of("limits: [{requests: 1, per: 1s}]").find("spec.limits[0].name"), std::string::npos);
  EXPECT_NE(in_limit("unit: minute").find("unknown field"), std::string::npos);
  EXPECT_EQ(problems_of(str_cat("mode: audit, ", limits(1))), "spec.mode: expected one of enforce, report");
  EXPECT_NE(problems_of(str_cat("targetRef: {kind: Service, name: a, port: 80}, ", limits(1))), "");
  EXPECT_EQ(
      problems_of(str_cat("targetRef: {kind: BackendSet, name: a}, ", limits(1))),
      "spec.targetRef.kind: \"BackendSet\" of group \"heddle.dev\" cannot be limited; expected Service or Workload "
      "of group \"heddle.dev\"");
}

TEST(ParseRateLimit, RefusesKeysThatSayNothing) {
  EXPECT_EQ(in_limit("by: [{}]"), "spec.limits[0].by[0]: needs one of sourceIdentity and header");
  EXPECT_EQ(in_limit("by: [{sourceIdentity: true, header: a}]"),
            "spec.limits[0].by[0]: needs one of sourceIdentity and header");
  EXPECT_NE(in_limit("by: [{sourceIdentity: false}]"), "");
  EXPECT_EQ(in_limit("by: [{header: A}, {header: a}]"), "spec.limits[0].by[1]: stands twice");
  EXPECT_EQ(in_limit("by: [{sourceIdentity: true}, {sourceIdentity: true}]"), "spec.limits[0].by[1]: stands twice");
  EXPECT_NE(in_limit("by: [{header: a}, {header: b}, {header: c}, {header: d}, {header: e}]"), "");
  EXPECT_EQ(in_limit("by: [{header: a}, {header: b}, {header: c}, {header: d}, {sourceIdentity: true}]"), "");
}

TEST(ParseRateLimit, RefusesHeadersThatNoRequestHas) {
  for (std::string_view name : {"host", "connection", "te", "x-forwarded-client-cert", "not a name", "expect"}) {
    EXPECT_NE(in_limit(str_cat("by: [{header: '", name, "'}]")), "") << name;
  }
}

TEST(ParseRateLimit, RefusesTooMuch) {
  EXPECT_EQ(problems_of(limits(kMaxRateLimits)), "");
  EXPECT_NE(problems_of(limits(kMaxRateLimits + 1)), "");
  EXPECT_EQ(problems_of("limits: [{name: a, requests: 1, per: 1s}, {name: a, requests: 2, per: 1s}]"),
            "spec.limits: have the name \"a\" twice");
  std::string regexes;
  for (int i = 0; i < 9; ++i) {
    regexes.append(str_cat(i == 0 ? "" : ", ", "{path: {type: RegularExpression, value: /a}, ",
                           "headers: [{type: RegularExpression, name: b, value: c}]}"));
  }
  EXPECT_EQ(in_limit(str_cat("matches: [", regexes, "]")),
            "spec.limits: have more than 16 regular expressions together");
}

TEST(ParseRateLimit, ATargetMustExistAndBeServed) {
  std::string policy = document("x", str_cat("targetRef: {kind: Service, name: a}, ", limits(1))) + "\n---\n";
  std::string workload =
      "{apiVersion: heddle.dev/v1, kind: Workload, metadata: {name: w}, spec: {identity: 'spiffe://td/w', services: "
      "[a]}}\n---\n";

  EXPECT_NE(together(policy).find("no Service \"a\" in namespace \"default\""), std::string::npos);
  EXPECT_NE(together(policy + service_yaml("a")).find("nobody would enforce the policy"), std::string::npos);
  EXPECT_EQ(together(policy + service_yaml("a") + workload), "");
}

TEST(ParseRateLimit, AWorkloadHasNoMoreLimitsThanAreLookedAtForEachRequest) {
  std::string workload =
      "{apiVersion: heddle.dev/v1, kind: Workload, metadata: {name: w}, spec: {identity: 'spiffe://td/w', services: "
      "[a]}}\n---\n";
  std::string yaml = service_yaml("a") + workload;
  for (int i = 0; i < 3; ++i) yaml.append(document(str_cat("p", std::to_string(i)), limits(16))).append("\n---\n");
  std::string of_service = document("s", str_cat("targetRef: {kind: Service, name: a}, ", limits(16))) + "\n---\n";
  std::string of_workload = document("w", str_cat("targetRef: {kind: Workload, name: w}, ", limits(1))) + "\n---\n";

  EXPECT_EQ(together(yaml + of_service), "");
  EXPECT_NE(together(yaml + of_service + of_workload).find("more than 64 limits for this workload"), std::string::npos);
  yaml.append(document("p3", limits(16))).append("\n---\n").append(document("p4", limits(1)));
  EXPECT_NE(together(yaml).find("more than 64 limits for namespace \"default\""), std::string::npos);
}
}  // namespace
}  // namespace heddle
