// Opaque connections: which TLSRoute or TCPRoute of the port they obey, and what `explain` says of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "lib/base/strings.h"
#include "lib/decision/explain.h"
#include "tests/support/allocation_counter.h"
#include "tests/support/config_fixtures.h"

namespace heddle {
namespace {
using testing::HasSubstr;
using testing::Not;

std::string to_set(std::string_view name, int weight = 1) {
  return str_cat("{group: heddle.dev, kind: BackendSet, namespace: default, name: ", name,
                 ", weight: ", std::to_string(weight), "}");
}
std::string route(std::string_view kind, std::string_view metadata, std::string_view more, std::string_view backends) {
  return str_cat("{apiVersion: gateway.networking.k8s.io/v1, kind: ", kind, ", metadata: {", metadata,
                 "}, spec: {parentRefs: [{group: '', kind: Service, name: a, namespace: default}], ", more,
                 "rules: [{backendRefs: [", backends, "]}]}}\n---\n");
}
std::string tcp(std::string_view name, std::string_view backends) {
  return route("TCPRoute", str_cat("name: ", name), "", backends);
}
std::string tls(std::string_view name, std::string_view hostnames, std::string_view backends) {
  return route("TLSRoute", str_cat("name: ", name), str_cat("hostnames: [", hostnames, "], "), backends);
}
const std::string kSets = service_yaml("a") + service_yaml("b") + service_yaml("c");

class DecideL4 : public testing::Test {
 protected:
  void use(std::string_view routes) { snapshot = snapshot_of(str_cat(kSets, routes)); }
  Decision ask(std::string_view server_name, uint64_t draw = 0, std::string_view ns = "default") {
    DecisionInput input{snapshot->resolve("a.default", ns), ns, nullptr, draw, server_name};
    return decide(*snapshot, input);
  }
  // The name of the backend set, or the reason.
  std::string where(std::string_view server_name, uint64_t draw = 0, std::string_view ns = "default") {
    Decision decision = ask(server_name, draw, ns);
    return decision ? decision.backends->spec->key.name : std::string(info(decision.reason).name);
  }
  Explanation explained(ExplainWords words) {
    Problems problems;
    auto query = ExplainQuery::parse(words, problems);
    EXPECT_TRUE(query) << problems.text();
    HEDDLE_CHECK(query.has_value());
    return explain(*snapshot, *query);
  }
  std::shared_ptr<const Snapshot> snapshot;
};

TEST_F(DecideL4, WithoutRoutesThePortSaysWhere) {
  use("");

  EXPECT_EQ(where(""), "a");
  EXPECT_EQ(where("x.test"), "a");
  EXPECT_EQ(ask("").rule, nullptr);
}

TEST_F(DecideL4, ATcpRouteReplacesThePortsOwnSet) {
  use(tcp("r", to_set("b")));

  EXPECT_EQ(where(""), "b");
  EXPECT_EQ(where("x.test"), "b");
  EXPECT_EQ(ask("").rule->route->key.name, "r");
}

TEST_F(DecideL4, ADrawSplitsByWeight) {
  use(tcp("r", str_cat(to_set("b", 3), ", ", to_set("c", 1))));

  EXPECT_EQ(where("", 0), "b");
  EXPECT_EQ(where("", (3ULL << 62) - 1), "b");
  EXPECT_EQ(where("", 3ULL << 62), "c");
}

TEST_F(DecideL4, WeightsOfZeroLeaveNoBackendSet) {
  use(tcp("r", to_set("b", 0)));

  EXPECT_EQ(where(""), "backend-set-missing");
}

TEST_F(DecideL4, AShareThatLeadsNowhereIsClosedAndTheOthersKeepTheirs) {
  use(tcp("r", str_cat("{name: gone, unresolved: 'BackendNotFound: no Service', weight: 3}, ", to_set("c", 1))));

  EXPECT_EQ(where("", 0), "backend-set-missing");
  EXPECT_EQ(where("", (3ULL << 62) - 1), "backend-set-missing");
  EXPECT_EQ(where("", 3ULL << 62), "c");
}

TEST_F(DecideL4, ATlsRouteTakesItsNamesAndATcpRouteTheRest) {
  use(tls("s", "x.test, '*.y.test'", to_set("b")) + tcp("r", to_set("c")));

  EXPECT_EQ(where("x.test"), "b");
  EXPECT_EQ(where("1.y.test"), "b");
  EXPECT_EQ(where("z.test"), "c");
  EXPECT_EQ(where(""), "c");
}

TEST_F(DecideL4, WhereOnlyTlsRoutesAreAttachedOtherNamesGoNowhere) {
  use(tls("s", "x.test", to_set("b")));

  EXPECT_EQ(where("z.test"), "route-not-found");
  EXPECT_EQ(where(""), "route-not-found");
}

TEST_F(DecideL4, RequestsAreJudgedByOtherRoutes) {
  use(tcp("r", to_set("b")));
  RequestFacts facts{"GET", "http", "a", "/", "", {}};

  Decision decision = decide(*snapshot, {snapshot->resolve("a", "default"), "default", &facts, 0});

  ASSERT_TRUE(decision);
  EXPECT_EQ(decision.backends->spec->key.name, "a");
}

TEST_F(DecideL4, ConnectionsAreNotJudgedByHttpRoutes) {
  use(route("HTTPRoute", "name: h", "", to_set("b")));

  EXPECT_EQ(where(""), "a");
}

TEST_F(DecideL4, ARouteWithAPortIsForThatPortOnly) {
  use("{apiVersion: gateway.networking.k8s.io/v1, kind: TCPRoute, metadata: {name: r}, spec: {parentRefs: [{group: '', "
      "kind: Service, name: a, port: 80}, {group: '', kind: Service, name: b}], rules: [{backendRefs: [{group: "
      "heddle.dev, kind: BackendSet, name: c}]}]}}\n---\n");

  EXPECT_EQ(where(""), "c");
  EXPECT_EQ(decide(*snapshot, {snapshot->resolve("b", "default"), "default"}).backends->spec->key.name, "c");
  EXPECT_EQ(decide(*snapshot, {snapshot->resolve("c", "default"), "default"}).rule, nullptr);
}

// GAMMA: a consumer route is for the clients of its namespace, and replaces the producer's there.
TEST_F(DecideL4, RoutesOfTheClientsNamespaceReplaceTheOthers) {
  use(tls("s", "x.test", to_set("b")) + route("TCPRoute", "name: r, namespace: shop", "", to_set("c")));

  EXPECT_EQ(where("x.test", 0, "default"), "b");
  EXPECT_EQ(where("x.test", 0, "shop"), "c");
  EXPECT_EQ(where("", 0, "web"), "route-not-found");
}

TEST_F(DecideL4, AllocatesNothing) {
  use(tls("s", "x.test, '*.y.test'", to_set("b")) + tcp("r", str_cat(to_set("b"), ", ", to_set("c"))));
  int decided = 0;
  AllocationCounter counter;

  for (std::string_view name : {"x.test", "1.2.y.test", "z.test", ""}) decided += ask(name, 77).rule != nullptr;

  EXPECT_EQ(counter.count(), 0U);
  EXPECT_EQ(decided, 4);
}

TEST_F(DecideL4, WhatDidNotChangeIsTheSameObjectInTheNextSnapshot) {
  auto routes = [](std::string_view set) { return str_cat(kSets, tcp("r", to_set(set))); };
  SnapshotBuilder builder(ModelScope::kWhole);
  auto build = [&](std::string_view yaml, uint64_t sequence) {
    return builder.apply({ConfigChange::Kind::kReplaceAll, {1, sequence}, resources_of(yaml), {}, std::nullopt})
        .snapshot;
  };
  auto first = build(routes("b"), 1);
  auto same = build(routes("b"), 2);
  auto other = build(routes("c"), 3);

  auto port = [](const Snapshot& from) { return from.resolve("a", "default").port; };
  EXPECT_EQ(port(*first)->l4, port(*same)->l4);
  EXPECT_EQ(first->services()[0], same->services()[0]);
  EXPECT_NE(port(*same)->l4, port(*other)->l4);
}

TEST_F(DecideL4, ExplainShowsTheSplitOfATcpRoute) {
  use(tcp("r", str_cat(to_set("b", 3), ", ", to_set("c", 1))));

  Explanation found = explained({.url = "tcp://a"});

  EXPECT_EQ(found.reason, Reason::kNone);
  EXPECT_EQ(found.route_kind, "TCPRoute");
  EXPECT_EQ(found.route, "default/r");
  EXPECT_EQ(found.match, "every connection");
  ASSERT_EQ(found.backends.size(), 2U);
  EXPECT_EQ(std::lround(found.backends[0].percent), 75);
  EXPECT_THAT(found.trace.text(), HasSubstr("TCPRoute default/r: matches"));
}

TEST_F(DecideL4, ExplainSaysWhichRoutesASniPassed) {
  use(tls("s", "x.test", to_set("b")) + tls("wild", "'*.test'", to_set("c")));

  Explanation found = explained({.url = "tcp://a:80", .server_name = "Y.test"});

  EXPECT_EQ(found.route, "default/wild");
  EXPECT_EQ(found.match, "SNI *.test");
  EXPECT_EQ(found.trace.text(),
            "service: Service default/a port 80\n"
            "server name: y.test\n"
            "TLSRoute default/s: the server name differs, or another route comes first\n"
            "TLSRoute default/wild: matches\n"
            "backend set: BackendSet default/c");
}

TEST_F(DecideL4, ExplainSaysWhyAConnectionGoesNowhere) {
  use(tls("s", "x.test", to_set("b")));

  Explanation found = explained({.url = "tcp://a"});

  EXPECT_EQ(found.reason, Reason::kRouteNotFound);
  EXPECT_THAT(found.trace.text(), HasSubstr("no TLSRoute has this server name, and there is no TCPRoute"));
}

TEST_F(DecideL4, AnExplanationOfAConnectionHasNoMethodAndNoStatus) {
  use(tls("s", "x.test", to_set("b")));
  Problems problems;
  auto query = ExplainQuery::parse({.url = "tcp://a", .server_name = "y.test"}, problems);
  ASSERT_TRUE(query) << problems.text();

  std::string json = explanation_json(*query, explain(*snapshot, *query));

  EXPECT_THAT(json, HasSubstr(R"("request":{"url":"tcp://a","sni":"y.test")"));
  EXPECT_THAT(json, HasSubstr(R"("reason":"route-not-found","hint")"));
  EXPECT_THAT(json, Not(HasSubstr("\"status\"")));
}

TEST_F(DecideL4, ExplainSaysWhereAPortDoesNotAskTheRoutes) {
  snapshot = snapshot_of(
      "{apiVersion: heddle.dev/v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 80, protocol: "
      "tcp}]}}\n---\n"
      "{apiVersion: heddle.dev/v1, kind: BackendSet, metadata: {name: a}, spec: {tls: plaintext, endpoints: [{address: "
      "127.0.0.1, port: 9000}]}}\n---\n");

  EXPECT_THAT(explained({.url = "http://a/"}).trace.text(), HasSubstr("protocol: the port is declared tcp"));
  EXPECT_THAT(explained({.url = "tcp://a"}).trace.text(), Not(HasSubstr("protocol:")));
}

std::string problems_of(const ExplainWords& words) {
  Problems problems;
  EXPECT_FALSE(ExplainQuery::parse(words, problems));
  return problems.text();
}

TEST(ExplainTcpQuery, RefusesWhatOnlyTheOtherSortHas) {
  EXPECT_EQ(problems_of({.url = "tcp://a/x"}), "url: a connection of opaque TCP has no path");
  EXPECT_EQ(problems_of({.method = "POST", .url = "tcp://a"}), "method: means nothing for tcp://");
  EXPECT_EQ(problems_of({.url = "tcp://a", .headers = {{"x-a", "1"}}}), "headers: means nothing for tcp://");
  EXPECT_THAT(problems_of({.url = "http://a/", .server_name = "a.test"}), HasSubstr("sni: is of a TLS client's"));
  EXPECT_EQ(problems_of({.url = "tcp://a", .server_name = "a_b"}), "sni: is not a host name");
}
}  // namespace
}  // namespace heddle
