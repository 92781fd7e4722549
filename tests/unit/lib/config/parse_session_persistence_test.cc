// sessionPersistence of rules, as authors write it.
#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "lib/config/parse.h"
#include "tests/support/config_fixtures.h"

namespace heddle {
namespace {
std::string route(std::string_view kind, std::string_view session) {
  return str_cat("{apiVersion: gateway.networking.k8s.io/v1, kind: ", kind, ", metadata: {name: x}, spec: {",
                 "parentRefs: [{group: '', kind: Service, name: s}], rules: [{sessionPersistence: ", session,
                 ", backendRefs: [{group: heddle.dev, kind: BackendSet, name: b}]}]}}");
}
Rare<SessionPersistenceSpec> parsed(std::string_view session, std::string_view kind = "HTTPRoute") {
  Problems problems;
  std::optional<ParsedSpec> out = parse_resource(resources_of(route(kind, session)).at(0), problems);
  EXPECT_TRUE(out) << problems.text();
  return std::get<std::shared_ptr<const HttpRouteSpec>>(*out)->rules[0].session;
}
// Without the path in front.
std::string mistake(std::string_view session, std::string_view kind = "HTTPRoute") {
  std::string text = spec_problems_of(route(kind, session));
  constexpr std::string_view kAt = "spec.rules[0].sessionPersistence.";
  return text.starts_with(kAt) ? text.substr(kAt.size()) : text;
}

TEST(ParseSessionPersistence, IsACookieOfTheBrowsersSessionByDefault) {
  for (std::string_view kind : {"HTTPRoute", "GRPCRoute"}) {
    auto spec = parsed("{}", kind);

    EXPECT_FALSE(spec.is_default());
    EXPECT_EQ(spec->type, SessionType::kCookie);
    EXPECT_EQ(spec->name, "");
    EXPECT_EQ(spec->absolute, std::nullopt);
    EXPECT_EQ(spec->idle, std::nullopt);
    EXPECT_FALSE(spec->permanent);
  }
}

TEST(ParseSessionPersistence, ReadsEveryField) {
  auto cookie = parsed(
      "{sessionName: Shop, type: Cookie, absoluteTimeout: 1h, idleTimeout: 90s, cookieConfig: {lifetimeType: "
      "Permanent}}");
  auto header = parsed("{sessionName: X-Shop, type: Header}");

  EXPECT_EQ(cookie->name, "Shop") << "names of cookies have case";
  EXPECT_EQ(cookie->absolute, Duration(1h));
  EXPECT_EQ(cookie->idle, Duration(90s));
  EXPECT_TRUE(cookie->permanent);
  EXPECT_EQ(header->type, SessionType::kHeader);
  EXPECT_EQ(header->name, "x-shop");
}

TEST(ParseSessionPersistence, IsNoneWhereNobodyAsksForIt) {
  Problems problems;
  auto out = parse_resource(resources_of("{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: "
                                         "x}, spec: {parentRefs: [{group: '', kind: Service, name: s}], rules: "
                                         "[{backendRefs: [{group: heddle.dev, kind: BackendSet, name: b}]}]}}")
                                .at(0),
                            problems);

  ASSERT_TRUE(out) << problems.text();
  EXPECT_TRUE(std::get<std::shared_ptr<const HttpRouteSpec>>(*out)->rules[0].session.is_default());
}

TEST(ParseSessionPersistence, APermanentCookieNeedsItsTime) {
  EXPECT_EQ(mistake("{cookieConfig: {lifetimeType: Permanent}}"),
            "absoluteTimeout: is required where cookieConfig.lifetimeType is Permanent");
  EXPECT_EQ(mistake("{cookieConfig: {lifetimeType: Forever}}"),
            "cookieConfig.lifetimeType: expected one of Session, Permanent");
  EXPECT_EQ(mistake("{type: Header, cookieConfig: {}}"), "cookieConfig: means nothing beside type Header");
}

TEST(ParseSessionPersistence, TakesWholeSecondsUpTo400Days) {
  EXPECT_EQ(mistake("{absoluteTimeout: 9601h}"), "absoluteTimeout: 9601h is out of range (1s-9600h)");
  EXPECT_EQ(mistake("{idleTimeout: 500ms}"), "idleTimeout: 500ms is out of range (1s-9600h)");
  EXPECT_EQ(mistake("{idleTimeout: 1s500ms}"), "idleTimeout: must be whole seconds");
}

TEST(ParseSessionPersistence, RefusesNamesOfNoCookie) {
  EXPECT_EQ(mistake("{sessionName: 'a b'}"), "sessionName: \"a b\" is not the name of a cookie");
  EXPECT_EQ(mistake("{sessionName: 'a=b'}"), "sessionName: \"a=b\" is not the name of a cookie");
  EXPECT_EQ(mistake("{sessionName: __host-a}"), "sessionName: \"__host-a\" begins as only cookies with Secure may");
  EXPECT_EQ(mistake("{sessionName: ''}"), "sessionName: must not be empty");
  EXPECT_EQ(mistake(str_cat("{sessionName: ", std::string(129, 'a'), "}")).find("sessionName: "), 0U);
}

TEST(ParseSessionPersistence, RefusesNamesOfHeadersThatMeanSomethingElse) {
  auto header = [](std::string_view name, std::string_view kind = "HTTPRoute") {
    return mistake(str_cat("{type: Header, sessionName: ", name, "}"), kind);
  };

  EXPECT_EQ(header("heddle-session"),
            "sessionName: \"heddle-session\" is a field by which sidecars say who somebody is, or remove");
  EXPECT_EQ(header("x_mesh_a"),
            "sessionName: \"x_mesh_a\" is a field by which sidecars say who somebody is, or remove");
  EXPECT_EQ(header("Upgrade"), "sessionName: \"upgrade\" is a field of the connection or of framing");
  for (std::string_view name :
       {"cookie", "set-cookie", "host", "authorization", "content-type", "grpc-timeout", "location"}) {
    EXPECT_EQ(header(name),
              str_cat("sessionName: \"", name, "\" is a field that means something else; choose a name of its own"));
  }
}

TEST(ParseSessionPersistence, TakesKeysOfMetadataOnlyForGrpc) {
  EXPECT_EQ(mistake("{type: Header, sessionName: a-bin}", "GRPCRoute"),
            "sessionName: \"a-bin\" is no key of gRPC metadata for text");
  EXPECT_EQ(mistake("{type: Header, sessionName: 'a!b'}", "GRPCRoute"),
            "sessionName: \"a!b\" is no key of gRPC metadata for text");
  EXPECT_EQ(mistake("{type: Header, sessionName: 'a!b'}"), "");
}

TEST(ParseSessionPersistence, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(mistake("{type: IP}"), "type: expected one of Cookie, Header");
  EXPECT_EQ(mistake("{path: /}").find("path: unknown field"), 0U);
  EXPECT_EQ(mistake("[]"), "spec.rules[0].sessionPersistence: expected an object, got an array");
}

TEST(ParseSessionPersistence, MeansNothingWithoutBackends) {
  EXPECT_EQ(spec_problems_of("{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: x}, spec: "
                             "{parentRefs: [{group: '', kind: Service, name: s}], rules: [{sessionPersistence: {}, "
                             "filters: [{type: RequestRedirect, requestRedirect: {port: 81}}]}]}}"),
            "spec.rules[0].sessionPersistence: means nothing without backendRefs");
}
}  // namespace
}  // namespace heddle
