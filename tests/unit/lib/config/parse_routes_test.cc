// Matches of HTTPRoute by expression, and GRPCRoute.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "lib/config/parse.h"
#include "tests/support/config_fixtures.h"

namespace heddle {
namespace {
constexpr std::string_view kBackends = "backendRefs: [{group: heddle.dev, kind: BackendSet, name: b}]";

std::string route(std::string_view kind, std::string_view rules, std::string_view more = "") {
  return str_cat("{apiVersion: gateway.networking.k8s.io/v1, kind: ", kind, ", metadata: {name: x}, spec: {",
                 "parentRefs: [{group: '', kind: Service, name: s}], ", more, "rules: [", rules, "]}}");
}
std::string rule(std::string_view matches, std::string_view more = "") {
  return str_cat("{matches: [", matches, "], ", more, kBackends, "}");
}
std::shared_ptr<const HttpRouteSpec> parsed(const std::string& yaml) {
  Problems problems;
  std::optional<ParsedSpec> out = parse_resource(resources_of(yaml).at(0), problems);
  EXPECT_TRUE(out) << problems.text();
  return std::get<std::shared_ptr<const HttpRouteSpec>>(*out);
}
HttpMatch grpc_match(std::string_view match) { return parsed(route("GRPCRoute", rule(match)))->rules[0].matches[0]; }
std::string grpc_problem(std::string_view match) { return spec_problems_of(route("GRPCRoute", rule(match))); }

TEST(ParseHttpRoute, ReadsExpressions) {
  auto spec = parsed(route("HTTPRoute", rule("{path: {type: RegularExpression, value: 'a.*'}, "
                                             "headers: [{type: RegularExpression, name: X, value: 'b+'}], "
                                             "queryParams: [{type: RegularExpression, name: q, value: 'c?'}]}")));

  const HttpMatch& match = spec->rules[0].matches[0];
  EXPECT_EQ(match.path.type, PathMatchType::kRegex);
  EXPECT_EQ(match.path.value, "a.*");
  EXPECT_TRUE(match.path.regex.matches("abc"));
  EXPECT_TRUE(match.conditions->headers[0].regex.matches("bb"));
  EXPECT_TRUE(match.conditions->query[0].regex.matches(""));
}

TEST(ParseHttpRoute, AnExactMatchHasNoExpression) {
  auto spec = parsed(route("HTTPRoute", rule("{headers: [{name: x, value: 'b+'}]}")));

  EXPECT_FALSE(spec->rules[0].matches[0].path.regex);
  EXPECT_FALSE(spec->rules[0].matches[0].conditions->headers[0].regex);
}

TEST(ParseHttpRoute, RefusesTooManyExpressionsOfARoute) {
  std::string one = "{path: {type: RegularExpression, value: a}},";
  std::string many;
  for (int i = 0; i < 33; ++i) many += one;

  EXPECT_EQ(spec_problems_of(route("HTTPRoute", rule(many) + "," + rule(many))),
            "spec.rules: have more than 64 regular expressions together");
}

TEST(ParseHttpRoute, RefusesANameOfARuleThatStandsTwice) {
  EXPECT_EQ(spec_problems_of(route("HTTPRoute", rule("", "name: a, ") + "," + rule("", "name: a, "))),
            "spec.rules: have the name \"a\" twice");
}

TEST(ParseGrpcRoute, AMethodIsAPath) {
  HttpMatch both = grpc_match("{method: {service: shop.v1.Carts, method: Get}, headers: [{name: X-A, value: b}]}");
  EXPECT_EQ(both.path.type, PathMatchType::kExact);
  EXPECT_EQ(both.path.value, "/shop.v1.Carts/Get");
  EXPECT_EQ(both.grpc->service, "shop.v1.Carts");
  EXPECT_EQ(both.conditions->headers[0].name, "x-a");

  HttpMatch service = grpc_match("{method: {type: Exact, service: shop.v1.Carts}}");
  EXPECT_EQ(service.path.type, PathMatchType::kPrefix);
  EXPECT_EQ(service.path.value, "/shop.v1.Carts");

  HttpMatch every = grpc_match("{}");
  EXPECT_EQ(every.path.type, PathMatchType::kPrefix);
  EXPECT_EQ(every.path.value, "/");
}

TEST(ParseGrpcRoute, AMethodWithoutAServiceIsThatOfEveryService) {
  HttpMatch match = grpc_match("{method: {method: Get}}");

  EXPECT_TRUE(match.path.regex.matches("/a.B/Get"));
  EXPECT_FALSE(match.path.regex.matches("/a.B/GetAll"));
  EXPECT_FALSE(match.path.regex.matches("//Get"));
}

TEST(ParseGrpcRoute, ExpressionsKeepToTheirPart) {
  HttpMatch match = grpc_match("{method: {type: RegularExpression, service: 'a|b', method: 'Get.*|Put'}}");

  EXPECT_TRUE(match.path.regex.matches("/a/GetAll"));
  EXPECT_TRUE(match.path.regex.matches("/b/Put"));
  EXPECT_FALSE(match.path.regex.matches("/a"));
  EXPECT_FALSE(match.path.regex.matches("Put"));
  EXPECT_TRUE(grpc_match("{method: {type: RegularExpression, service: a.}}").path.regex.matches("/ab/Any"));
  EXPECT_TRUE(grpc_match("{method: {type: RegularExpression, method: G.}}").path.regex.matches("/any.X/Go"));
}

TEST(ParseGrpcRoute, ARouteIsOfItsKindAndARuleWithoutMatchesTakesEveryMethod) {
  auto spec = parsed(route("GRPCRoute", str_cat("{name: r, ", kBackends, "}"), "hostnames: [a.example], "));

  EXPECT_EQ(spec->key.kind, Kind::kGrpcRoute);
  EXPECT_EQ(spec->hostnames.size(), 1U);
  EXPECT_EQ(spec->rules[0].name, "r");
  EXPECT_EQ(spec->rules[0].matches[0].path.value, "/");
}

TEST(ParseGrpcRoute, RefusesWhatIsNoMethod) {
  const std::string at = "spec.rules[0].matches[0].method";

  EXPECT_EQ(grpc_problem("{method: {}}"), at + ": service or method is required");
  EXPECT_EQ(grpc_problem("{method: {service: 'a/b'}}"),
            at + ".service: \"a/b\" is not the name of a gRPC service, as shop.v1.Carts");
  EXPECT_EQ(grpc_problem("{method: {method: 'a.b'}}"),
            at + ".method: \"a.b\" is not the name of a gRPC method, as GetCart");
  EXPECT_EQ(grpc_problem("{method: {service: a, method: ''}}"), at + ".method: must not be empty");
  EXPECT_EQ(grpc_problem("{method: {type: Prefix, service: a}}"),
            at + ".type: expected one of Exact, RegularExpression");
  EXPECT_EQ(grpc_problem("{method: GET}"), at + ": expected an object, got a string");
}

TEST(ParseGrpcRoute, RefusesExpressionsThatLeaveTheirPart) {
  const std::string at = "spec.rules[0].matches[0].method";

  EXPECT_THAT(grpc_problem("{method: {type: RegularExpression, service: 'a)(b'}}"),
              testing::StartsWith(at + ".service: is no regular expression"));
  EXPECT_EQ(
      grpc_problem("{method: {type: RegularExpression, service: '\\Qa', method: '\\E'}}").find(at + ".service: must"),
      0U);
}

TEST(ParseGrpcRoute, RefusesWhatItDoesNotDo) {
  auto refusal = [](std::string_view more) { return spec_problems_of(route("GRPCRoute", rule("", more))); };

  EXPECT_EQ(refusal("filters: [{type: URLRewrite, urlRewrite: {hostname: a}}], "),
            "spec.rules[0].filters[0].type: expected one of RequestHeaderModifier, ResponseHeaderModifier, "
            "RequestMirror, ExtensionRef");
  EXPECT_THAT(refusal("timeouts: {request: 1s}, "), testing::HasSubstr("spec.rules[0].timeouts"));
  EXPECT_THAT(grpc_problem("{path: {value: /}}"), testing::HasSubstr("matches[0].path"));
}
}  // namespace
}  // namespace heddle
