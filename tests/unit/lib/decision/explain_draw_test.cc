#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "lib/decision/explain.h"
#include "lib/decision/explain_request.h"
#include "tests/support/config_fixtures.h"

namespace heddle {
namespace {
std::string route(std::string_view rule) {
  return str_cat("{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r}, spec: ",
                 "{parentRefs: [{group: '', kind: Service, name: a}], rules: [{", rule, "}]}}\n---\n");
}
std::string to_set(std::string_view name, std::string_view more = "") {
  return str_cat("{group: heddle.dev, kind: BackendSet, name: ", name, more, "}");
}
Explanation ask(const std::string& yaml, const ExplainWords& words) {
  Problems problems;
  auto query = ExplainQuery::parse(words, problems);
  HEDDLE_CHECK(query.has_value());
  return explain(*snapshot_of(yaml), *query);
}
std::string drawn(const Explanation& found) {
  std::string out;
  for (const ExplainedBackends& backends : found.backends) {
    if (backends.drawn) out.append(backends.name);
  }
  return out;
}
constexpr uint64_t kFirst = 0;
constexpr uint64_t kLast = UINT64_MAX;

TEST(ExplainDraw, NamesTheSetThatTheDrawTakes) {
  std::string yaml =
      service_yaml("a") + service_yaml("b") + route(str_cat("backendRefs: [", to_set("a"), ", ", to_set("b"), "]"));

  EXPECT_EQ(drawn(ask(yaml, {.url = "http://a/", .draw = kFirst})), "default/a");
  EXPECT_EQ(drawn(ask(yaml, {.url = "http://a/", .draw = kLast})), "default/b");
  EXPECT_EQ(drawn(ask(yaml, {.url = "http://a/"})), "") << "all may be drawn";
}

TEST(ExplainDraw, AShareThatLeadsNowhereIsShownAndOnlyItsDrawIsRefused) {
  std::string gone = "{name: gone, port: 80, unresolved: 'BackendNotFound: no Service'}";
  std::string yaml = service_yaml("a") + service_yaml("b") +
                     route(str_cat("backendRefs: [", gone, ", ", to_set("b", ", weight: 3"), "]"));

  Explanation any = ask(yaml, {.url = "http://a/"});

  EXPECT_EQ(any.reason, Reason::kNone) << "the others still get theirs";
  ASSERT_EQ(any.backends.size(), 2U);
  EXPECT_EQ(any.backends[0].name, "nowhere: BackendNotFound: no Service");
  EXPECT_EQ(any.backends[0].percent, 25);
  EXPECT_EQ(any.backends[0].reason, Reason::kBackendSetMissing);
  Explanation lost = ask(yaml, {.url = "http://a/", .draw = kFirst});
  EXPECT_EQ(lost.reason, Reason::kBackendSetMissing);
  EXPECT_EQ(drawn(lost), any.backends[0].name);
  EXPECT_EQ(drawn(ask(yaml, {.url = "http://a/", .draw = kLast})), "default/b");
  std::string only = service_yaml("a") + route(str_cat("backendRefs: [", gone, "]"));
  EXPECT_EQ(ask(only, {.url = "http://a/"}).reason, Reason::kBackendSetMissing);
}

TEST(ExplainDraw, SaysWhatTheBackendIsSentWithTheFiltersOfItsOwn) {
  std::string yaml =
      service_yaml("a") +
      route(str_cat("matches: [{path: {value: /old}}], filters: [{type: URLRewrite, urlRewrite: {hostname: h, path: "
                    "{type: ReplacePrefixMatch, replacePrefixMatch: /new}}}], backendRefs: [",
                    to_set("a"), "]"));

  Explanation found = ask(yaml, {.url = "http://a/old/x?y", .draw = kFirst});

  ASSERT_TRUE(found.forward);
  EXPECT_EQ(found.forward->host, "h");
  EXPECT_EQ(found.forward->path, "/new/x?y");
  EXPECT_FALSE(ask(yaml, {.url = "http://a/old/x?y"}).forward);
}

TEST(ExplainDraw, OfAnOpaqueConnectionNoRequestIsSent) {
  Explanation found = ask(service_yaml("a"), {.url = "tcp://a:80", .draw = kFirst});

  EXPECT_EQ(found.reason, Reason::kNone);
  EXPECT_EQ(drawn(found), "default/a");
  EXPECT_FALSE(found.forward);
}

TEST(ExplainDraw, DecidesWhomAFaultHits) {
  std::string yaml =
      service_yaml("a") +
      "{apiVersion: heddle.dev/v1, kind: HTTPRouteFilter, metadata: {name: f}, spec: {fault: {abort: {status: 429, "
      "percent: 50}}}}\n---\n" +
      route(str_cat("filters: [{type: ExtensionRef, extensionRef: {group: heddle.dev, kind: HTTPRouteFilter, name: "
                    "f}}], backendRefs: [",
                    to_set("a"), "]"));
  size_t hit = 0;
  for (uint64_t draw = 0; draw < 100; ++draw) {
    Explanation found = ask(yaml, {.url = "http://a/", .draw = draw});
    hit += found.reason == Reason::kFaultAbort ? 1 : 0;
    EXPECT_EQ(found.reason == Reason::kNone, found.forward.has_value());
    EXPECT_EQ(found.status.value_or(0), found.reason == Reason::kFaultAbort ? 429 : 0);
  }

  EXPECT_GT(hit, 20U);
  EXPECT_LT(hit, 80U);
}

TEST(ExplainDraw, ASetWithoutEndpointsRefusesThoseWhoDrawIt) {
  std::string yaml =
      service_yaml("a") +
      "{apiVersion: heddle.dev/v1, kind: BackendSet, metadata: {name: none}, spec: {endpoints: []}}\n---\n" +
      route(str_cat("backendRefs: [", to_set("a"), ", ", to_set("none"), "]"));

  EXPECT_EQ(ask(yaml, {.url = "http://a/", .draw = kFirst}).reason, Reason::kNone);
  EXPECT_EQ(ask(yaml, {.url = "http://a/", .draw = kLast}).reason, Reason::kNoHealthyEndpoint);
  EXPECT_EQ(ask(yaml, {.url = "http://a/"}).reason, Reason::kNone);
}

TEST(ExplainEndpoints, AreListedWithWhatTheConfigurationSays) {
  Explanation found = ask(
      "{apiVersion: heddle.dev/v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 80}]}}\n---\n"
      "{apiVersion: heddle.dev/v1, kind: BackendSet, metadata: {name: a}, spec: {tls: plaintext, endpoints: [{address: "
      "10.0.0.1, port: 1, zone: z, priority: 2, weight: 5}, {address: 10.0.0.2, port: 1, weight: 0}]}}\n---\n",
      {.url = "http://a/"});

  const auto& endpoints = found.backends.at(0).endpoints;
  ASSERT_EQ(endpoints.size(), 2U);
  EXPECT_EQ(endpoints[0].zone, "z");
  EXPECT_EQ(endpoints[0].priority, 2);
  EXPECT_TRUE(endpoints[0].eligible);
  EXPECT_FALSE(endpoints[1].eligible);
  EXPECT_EQ(endpoints[1].why, "weight 0");
  EXPECT_EQ(endpoints[0].health, "unknown: not live");
  EXPECT_FALSE(endpoints[0].in_flight);
  EXPECT_EQ(found.backends[0].balancer, "peakEwma");
}

TEST(ExplainRequestDraw, IsTextOf64Bits) {
  EXPECT_EQ(read_explain(R"({"url":"http://a/","draw":"18446744073709551615"})")->draw(), UINT64_MAX);
  EXPECT_FALSE(read_explain(R"({"url":"http://a/"})")->draw());
  for (const char* draw : {R"("18446744073709551616")", R"("-1")", R"("")", R"("x")", "7"}) {
    auto refused = read_explain(str_cat(R"({"url":"http://a/","draw":)", draw, "}"));
    ASSERT_FALSE(refused) << draw;
    EXPECT_EQ(refused.error().reason, Reason::kBadRequest);
    EXPECT_NE(refused.error().detail.find("draw"), std::string::npos);
  }
}
}  // namespace
}  // namespace heddle
