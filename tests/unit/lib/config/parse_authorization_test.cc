#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "lib/config/parse.h"
#include "lib/config/validate.h"
#include "tests/support/config_fixtures.h"

namespace heddle {
namespace {
std::string problems_of(std::string_view spec) {
  return spec_problems_of(
      str_cat("{apiVersion: heddle.dev/v1, kind: AuthorizationPolicy, metadata: {name: x}, spec: {", spec, "}}"));
}
std::string in_rule(std::string_view rule, std::string_view action = "allow") {
  return problems_of(str_cat("action: ", action, ", rules: [{", rule, "}]"));
}

TEST(ParseAuthorization, ReadsEveryField) {
  Problems problems;
  Resource resource =
      resources_of(R"({apiVersion: heddle.dev/v1, kind: AuthorizationPolicy, metadata: {name: x}, spec: {
      targetRef: {group: heddle.dev, kind: Workload, name: w}, action: deny, rules: [{
        from: [{identities: ['spiffe://td/*'], namespaces: [a], authenticated: true}],
        to: [{methods: [GET], paths: [{type: PathPrefix, value: /a/}, {type: Exact, value: /}], ports: [80],
              headers: [{name: X-A, value: b}, {name: x-c}]}]}]}})")
          .at(0);
  auto spec = std::get<std::shared_ptr<const AuthorizationPolicySpec>>(*parse_resource(resource, problems));

  EXPECT_EQ(spec->target->kind, Kind::kWorkload);
  EXPECT_EQ(spec->target->name, "w");
  EXPECT_EQ(spec->action, AuthzAction::kDeny);
  const AuthzSource& from = spec->rules.at(0).from->at(0);
  EXPECT_EQ(from.identities->at(0), "spiffe://td/*");
  EXPECT_EQ(from.namespaces->at(0), "a");
  EXPECT_TRUE(from.authenticated);
  const AuthzOperation& to = spec->rules.at(0).to->at(0);
  EXPECT_EQ(to.methods->at(0), "GET");
  EXPECT_EQ(to.paths->at(0).value, "/a");
  EXPECT_EQ(to.paths->at(1).value, "/");
  EXPECT_EQ(to.ports->at(0), 80);
  EXPECT_EQ(to.headers->at(0).name, "x-a");
  EXPECT_EQ(to.headers->at(1).value, std::nullopt);
}

TEST(ParseAuthorization, ReadsADefault) {
  EXPECT_EQ(problems_of("defaultAction: mesh-only"), "");
  EXPECT_EQ(problems_of("defaultAction: never"), "spec.defaultAction: expected one of allow-all, mesh-only, deny-all");
  EXPECT_EQ(problems_of("defaultAction: deny-all, action: allow, rules: [{}], targetRef: {kind: Service, name: a}"),
            "spec.action: does not go with defaultAction, which is a policy for itself\n"
            "spec.rules: does not go with defaultAction, which is a policy for itself\n"
            "spec.targetRef: does not go with defaultAction, which is a policy for itself");
}

TEST(ParseAuthorization, RefusesWhatItDoesNotKnowByName) {
  EXPECT_EQ(problems_of("action: allow, rule: []"), "spec.rule: unknown field; did you mean \"rules\"?");
  EXPECT_EQ(in_rule("form: []"), "spec.rules[0].form: unknown field");
  EXPECT_EQ(in_rule("from: [{principals: [a]}]"),
            "spec.rules[0].from[0].principals: unknown field\n"
            "spec.rules[0].from[0]: asks nothing; leave `from` out to match every caller");
  EXPECT_NE(in_rule("to: [{hosts: [a]}]").find("spec.rules[0].to[0].hosts: "), std::string::npos);
  EXPECT_NE(in_rule("to: [{paths: [{type: RegularExpression, value: /}]}]").find("paths[0].type: "), std::string::npos);
  EXPECT_EQ(problems_of("action: maybe"), "spec.action: expected one of allow, deny, audit");
  EXPECT_EQ(problems_of("rules: []"), "spec.action: is required: allow, deny or audit");
}

TEST(ParseAuthorization, RefusesValuesThatCannotMatch) {
  EXPECT_NE(in_rule("from: [{identities: ['*']}]").find("from[0].identities[0]: "), std::string::npos);
  EXPECT_NE(in_rule("from: [{identities: ['spiffe://td/a*']}]").find("from[0].identities[0]: "), std::string::npos);
  EXPECT_NE(in_rule("from: [{namespaces: ['A']}]").find("from[0].namespaces[0]: "), std::string::npos);
  EXPECT_NE(in_rule("from: [{authenticated: false}]").find("from[0].authenticated: "), std::string::npos);
  EXPECT_NE(in_rule("to: [{methods: [get]}]").find("to[0].methods[0]: "), std::string::npos);
  EXPECT_NE(in_rule("to: [{paths: [{type: Exact, value: a}]}]").find("to[0].paths[0].value: "), std::string::npos);
  EXPECT_NE(in_rule("to: [{paths: [{type: Exact, value: //a}]}]").find("to[0].paths[0].value: "), std::string::npos);
  EXPECT_NE(in_rule("to: [{paths: [{type: Exact, value: /a;b}]}]").find("to[0].paths[0].value: "), std::string::npos);
  EXPECT_NE(in_rule("to: [{paths: [{value: /a}]}]").find("to[0].paths[0].type: "), std::string::npos);
  EXPECT_NE(in_rule("to: [{ports: [0]}]").find("to[0].ports[0]: "), std::string::npos);
  EXPECT_NE(in_rule("to: [{headers: [{name: 'a b'}]}]").find("to[0].headers[0].name: "), std::string::npos);
  for (std::string_view name : {"heddle-reason", "x-heddle-a", "X-Mesh-A", "l5d-client-id", "x-envoy-a", "Host"}) {
    EXPECT_NE(in_rule(str_cat("to: [{headers: [{name: ", name, "}]}]")).find("to[0].headers[0].name: "),
              std::string::npos)
        << name;
  }
  EXPECT_NE(in_rule("to: [{headers: [{name: X-Forwarded-Client-Cert}]}]").find("to[0].headers[0].name: "),
            std::string::npos);
  EXPECT_NE(in_rule("to: [{}]").find("spec.rules[0].to[0]: asks nothing"), std::string::npos);
  EXPECT_NE(problems_of("action: allow, targetRef: {kind: HTTPRoute, name: a}").find("spec.targetRef.kind: "),
            std::string::npos);
}

TEST(ParseAuthorization, TemplatesAreMadeOfWholeSegments) {
  auto of = [](std::string_view value) {
    return in_rule(str_cat("to: [{paths: [{type: PathTemplate, value: '", value, "'}]}]"));
  };
  std::string at = "spec.rules[0].to[0].paths[0].value: ";

  for (std::string_view good : {"/", "/a", "/a/", "/{*}", "/users/{id}/items/{*}", "/a/{**}", "/{**}", "/a_1/{A_9}/"})
    EXPECT_EQ(of(good), "") << good;
  for (std::string_view bad : {"/*", "/a/**", "/{*}.txt", "/v{n}", "/{}", "/{a b}", "/{a-b}", "/{a", "/a}", "/{***}",
                               "/{**}/", "/{**}/a", "/{*}/{**}/{*}"})
    EXPECT_EQ(of(bad).substr(0, at.size()), at) << bad;
  EXPECT_EQ(of("/a//{*}").substr(0, at.size()), at);
  EXPECT_EQ(of("/a;{*}").substr(0, at.size()), at);
  EXPECT_EQ(of("{*}").substr(0, at.size()), at);
}

TEST(ParseAuthorization, BracesElsewhereAreAMistake) {
  for (std::string_view type : {"Exact", "PathPrefix"}) {
    std::string problem = in_rule(str_cat("to: [{paths: [{type: ", type, ", value: '/a/{id}'}]}]"));

    EXPECT_EQ(problem, "spec.rules[0].to[0].paths[0].value: must not contain { or }: use type PathTemplate");
  }
}

// Reliability CFG-025: nothing that was meant to close may silently stay open.
TEST(ParseAuthorization, ADenyPolicyThatCannotDenyIsAMistake) {
  EXPECT_NE(problems_of("action: deny").find("spec.rules: "), std::string::npos);
  EXPECT_NE(problems_of("action: audit, rules: []").find("spec.rules: "), std::string::npos);
  EXPECT_NE(in_rule("from: []", "deny").find("rules[0].from: is empty"), std::string::npos);
  EXPECT_NE(in_rule("from: [{identities: []}]", "deny").find("identities: is empty"), std::string::npos);
  EXPECT_NE(in_rule("to: [{paths: []}]", "audit").find("paths: is empty"), std::string::npos);
  EXPECT_EQ(in_rule("from: []", "allow"), "");
  EXPECT_EQ(problems_of("action: allow"), "");
  EXPECT_EQ(problems_of("action: deny, rules: [{}]"), "");
}

std::string set_problems_of(std::string_view yaml, ModelScope scope = ModelScope::kWhole) {
  return validate(model_of(yaml), scope).text();
}
std::string policy(std::string_view name, std::string_view spec) {
  return str_cat("{apiVersion: heddle.dev/v1, kind: AuthorizationPolicy, metadata: {name: ", name, "}, spec: {", spec,
                 "}}\n---\n");
}
constexpr std::string_view kWorkload =
    "{apiVersion: heddle.dev/v1, kind: Workload, metadata: {name: w}, spec: {identity: spiffe://td/w, services: "
    "[a]}}\n---\n";

TEST(ValidateAuthorization, NamesTargetsThatNobodyWouldProtect) {
  std::string of_service = policy("p", "action: allow, targetRef: {kind: Service, name: a}");
  std::string of_workload = policy("p", "action: allow, targetRef: {kind: Workload, name: w}");

  EXPECT_EQ(set_problems_of(of_service),
            "AuthorizationPolicy default/p: spec.targetRef.name: no Service \"a\" in namespace \"default\"");
  EXPECT_EQ(set_problems_of(of_workload),
            "AuthorizationPolicy default/p: spec.targetRef.name: no Workload \"w\" in namespace \"default\"");
  EXPECT_EQ(set_problems_of(of_service + service_yaml("a")),
            "AuthorizationPolicy default/p: spec.targetRef.name: no Workload serves Service \"a\": nobody would "
            "enforce the policy");
  EXPECT_EQ(set_problems_of(str_cat(of_service, service_yaml("a"), kWorkload)), "");
  EXPECT_EQ(set_problems_of(of_service, ModelScope::kPart), "");
}

TEST(ValidateAuthorization, ANamespaceHasOneDefault) {
  EXPECT_EQ(set_problems_of(policy("a", "defaultAction: deny-all") + policy("b", "defaultAction: allow-all")),
            "AuthorizationPolicy default/b: spec.defaultAction: namespace \"default\" has the default of "
            "AuthorizationPolicy \"a\" already");
}
}  // namespace
}  // namespace heddle
