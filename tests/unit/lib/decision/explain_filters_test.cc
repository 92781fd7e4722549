#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "lib/decision/explain.h"
#include "tests/support/config_fixtures.h"

namespace heddle {
namespace {
using testing::HasSubstr;

std::string route(std::string_view rule) {
  return str_cat("{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r}, spec: ",
                 "{parentRefs: [{group: '', kind: Service, name: a}], rules: [{", rule, "}]}}\n---\n");
}
std::string extension(std::string_view spec) {
  return str_cat("{apiVersion: heddle.dev/v1, kind: HTTPRouteFilter, metadata: {name: f}, spec: {", spec, "}}\n---\n");
}
constexpr std::string_view kNamed =
    "{type: ExtensionRef, extensionRef: {group: heddle.dev, kind: HTTPRouteFilter, name: f}}";
constexpr std::string_view kBackend = "backendRefs: [{group: heddle.dev, kind: BackendSet, name: a";

Explanation ask(const std::string& yaml, const ExplainWords& words) {
  Problems problems;
  auto query = ExplainQuery::parse(words, problems);
  HEDDLE_CHECK(query.has_value());
  return explain(*snapshot_of(yaml), *query);
}
std::string text(const std::vector<ExplainedFilter>& filters) {
  std::string out;
  for (const ExplainedFilter& filter : filters) out.append(str_cat(filter.kind, ": ", filter.effect, "\n"));
  return out;
}

TEST(ExplainFilters, NamesEachInForceAndWhatItDoes) {
  std::string rule = str_cat(
      "matches: [{path: {value: /old}}], filters: [",
      "{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: x-a, value: secret}], remove: [x-b]}}, ",
      "{type: CORS, cors: {allowOrigins: ['https://b']}}, ",
      "{type: URLRewrite, urlRewrite: {hostname: h, path: {type: ReplacePrefixMatch, replacePrefixMatch: /new}}}, ",
      kNamed, "], ", kBackend,
      ", filters: [{type: ResponseHeaderModifier, responseHeaderModifier: {add: [{name: x-c, value: d}]}}]}]");

  Explanation found = ask(service_yaml("a") + extension("fault: {delay: {duration: 2s, percent: 12.5}}") + route(rule),
                          {.url = "http://a/old/x?y", .headers = {{"origin", "https://b"}}});

  EXPECT_EQ(found.reason, Reason::kNone);
  EXPECT_EQ(text(found.filters),
            "CORS: origin https://b may read the answer\nFaultDelay: 2s, 12.50% of requests\n"
            "RequestHeaderModifier: set x-a, remove x-b\nURLRewrite: host becomes h, path becomes /new/x?y\n");
  EXPECT_EQ(text(found.backends[0].filters), "ResponseHeaderModifier: add x-c\n");
}

TEST(ExplainFilters, NamesEachMirrorAndItsShare) {
  std::string yaml =
      service_yaml("a") + service_yaml("b") +
      route(str_cat("filters: [{type: RequestMirror, requestMirror: {backendRef: {name: b, port: 80}}}, ",
                    "{type: RequestMirror, requestMirror: {backendRef: {name: b, port: 80}, percent: ",
                    "25}}, {type: RequestMirror, requestMirror: {backendRef: {name: b, port: 80}, ",
                    "fraction: {numerator: 1, denominator: 8000}}}], ", kBackend, "}]"));
  Problems problems;
  auto query = ExplainQuery::parse({.url = "http://a/x"}, problems);

  Explanation found = explain(*snapshot_of(yaml), *query);

  EXPECT_EQ(found.reason, Reason::kNone);
  EXPECT_EQ(text(found.filters),
            "RequestMirror: every request to default/b\nRequestMirror: 25% of requests to default/b\n"
            "RequestMirror: 1/8000 of requests to default/b\n");
  EXPECT_THAT(explanation_json(*query, found),
              HasSubstr(R"("mirrors":[{"backendSet":"default/b","percent":100.0},)"
                        R"({"backendSet":"default/b","percent":25.0},{"backendSet":"default/b","percent":0.0125}])"));
}

TEST(ExplainFilters, ADrawSaysWhichMirrorsGetACopy) {
  std::string yaml =
      service_yaml("a") + service_yaml("b") +
      route(str_cat("filters: [{type: RequestMirror, requestMirror: {backendRef: {name: b, port: 80}}}, ",
                    "{type: RequestMirror, requestMirror: {backendRef: {name: b, port: 80}, percent: 0}}], ", kBackend,
                    "}]"));
  Problems problems;
  auto query = ExplainQuery::parse({.url = "http://a/x", .draw = 7}, problems);

  Explanation found = explain(*snapshot_of(yaml), *query);

  ASSERT_EQ(found.mirrors.size(), 2U);
  EXPECT_EQ(found.mirrors[0].drawn, true);
  EXPECT_EQ(found.mirrors[1].drawn, false);
  EXPECT_THAT(found.trace.text(), HasSubstr("a copy goes to default/b"));
  EXPECT_THAT(explanation_json(*query, found), HasSubstr(R"("percent":100.0,"drawn":true})"));
}

// The sidecar answers by itself then.
TEST(ExplainFilters, WhatNoEndpointTakesIsNotCopied) {
  std::string yaml =
      service_yaml("a") + service_yaml("b") +
      "{apiVersion: heddle.dev/v1, kind: BackendSet, metadata: {name: nobody}, spec: {endpoints: []}}\n---\n" +
      route(
          "filters: [{type: RequestMirror, requestMirror: {backendRef: {name: b, port: 80}}}], "
          "backendRefs: [{group: heddle.dev, kind: BackendSet, name: nobody}]");
  Problems problems;
  auto query = ExplainQuery::parse({.url = "http://a/x", .draw = 7}, problems);

  Explanation found = explain(*snapshot_of(yaml), *query);

  EXPECT_EQ(found.reason, Reason::kNoHealthyEndpoint);
  ASSERT_EQ(found.mirrors.size(), 1U);
  EXPECT_NE(found.mirrors[0].drawn, true);
}

TEST(ExplainFilters, AnUpgradeIsNotMirrored) {
  std::string yaml =
      service_yaml("a") + service_yaml("b") +
      route(str_cat("filters: [{type: RequestMirror, requestMirror: {backendRef: {name: b, port: 80}}}], ", kBackend,
                    "}]"));

  Explanation found =
      ask(yaml, {.url = "http://a/x", .headers = {{"connection", "upgrade"}, {"upgrade", "websocket"}}});

  EXPECT_EQ(text(found.filters), "RequestMirror: every request to default/b; not this one, it asks for an upgrade\n");
}

TEST(ExplainFilters, SaysWhereARedirectLeads) {
  Explanation found =
      ask(service_yaml("a", 8080) + route("filters: [{type: RequestRedirect, requestRedirect: {hostname: "
                                          "b.example, statusCode: 301}}]"),
          {.url = "http://a:8080/x?y"});

  EXPECT_EQ(found.reason, Reason::kRouteRedirect);
  EXPECT_EQ(found.status, 301);
  EXPECT_EQ(text(found.filters), "RequestRedirect: 301 to http://b.example:8080/x?y\n");
  EXPECT_THAT(found.trace.text(), HasSubstr("backend set: none: a filter answers"));
}

TEST(ExplainFilters, AnAnswerOfAFilterIsTheVerdict) {
  Explanation direct =
      ask(service_yaml("a") + extension("directResponse: {status: 418}") + route(str_cat("filters: [", kNamed, "]")),
          {.url = "http://a/"});
  Explanation aborted = ask(service_yaml("a") + extension("fault: {abort: {status: 429}}") +
                                route(str_cat("filters: [", kNamed, "], ", kBackend, "}]")),
                            {.url = "http://a/"});
  Explanation sometimes = ask(service_yaml("a") + extension("fault: {abort: {status: 429, percent: 99}}") +
                                  route(str_cat("filters: [", kNamed, "], ", kBackend, "}]")),
                              {.url = "http://a/"});

  EXPECT_EQ(direct.reason, Reason::kDirectResponse);
  EXPECT_EQ(direct.status, 418);
  EXPECT_EQ(aborted.reason, Reason::kFaultAbort);
  EXPECT_EQ(aborted.status, 429);
  EXPECT_EQ(sometimes.reason, Reason::kNone);
  EXPECT_EQ(text(sometimes.filters), "FaultAbort: status 429, gRPC 14, 99% of requests\n");
}

TEST(ExplainFilters, ARewriteThatFailsIsARefusal) {
  Explanation found =
      ask(service_yaml("a") +
              route(str_cat("matches: [{path: {value: /old}}], filters: [{type: URLRewrite, urlRewrite: {path: {type: ",
                            "ReplacePrefixMatch, replacePrefixMatch: /}}}], ", kBackend, "}]")),
          {.url = "http://a/old//x"});

  EXPECT_EQ(found.reason, Reason::kBadRequest);
}

TEST(ExplainFilters, WhatIsForwardedIsWhatIsAuthorized) {
  std::string mesh = str_cat(
      "{apiVersion: heddle.dev/v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 80}]}}\n---\n",
      "{apiVersion: heddle.dev/v1, kind: BackendSet, metadata: {name: a}, spec: {endpoints: [{address: 127.0.0.1, ",
      "port: 9000, identity: 'spiffe://td/ns/default/sa/a'}]}}\n---\n",
      "{apiVersion: heddle.dev/v1, kind: AuthorizationPolicy, metadata: {name: p}, spec: {action: deny, rules: [{to: ",
      "[{paths: [{type: PathPrefix, value: /admin}]}]}]}}\n---\n",
      route(str_cat("matches: [{path: {value: /open}}], filters: [{type: URLRewrite, urlRewrite: {path: {type: ",
                    "ReplacePrefixMatch, replacePrefixMatch: /admin}}}], ", kBackend, "}]")));

  Explanation found = ask(mesh, {.url = "http://a/open/x", .from = "spiffe://td/ns/default/sa/w"});

  EXPECT_EQ(found.reason, Reason::kAuthzDenied);
}

TEST(ExplainFilters, StandInTheJson) {
  std::string yaml =
      service_yaml("a") + route("filters: [{type: RequestRedirect, requestRedirect: {statusCode: 301}}]");
  Problems problems;
  auto query = ExplainQuery::parse({.url = "http://a/x"}, problems);

  std::string json = explanation_json(*query, explain(*snapshot_of(yaml), *query));

  EXPECT_THAT(json, HasSubstr(R"("routed":false,"reason":"route-redirect","status":301,)"));
  EXPECT_THAT(json, HasSubstr(R"("filters":[{"kind":"RequestRedirect","effect":"301 to http://a/x"}])"));
}
}  // namespace
}  // namespace heddle
