// Requests of a weighted rule when one of its backend sets has too few healthy endpoints.
#include "proxy/app/short_sets.h"

#include "lib/base/strings.h"
#include "proxy/app/routers.h"
#include "tests/support/config_fixtures.h"
#include "tests/support/upstream_rig.h"

namespace heddle {
namespace {
std::string set_yaml(std::string_view name, uint16_t first_port, std::string_view more) {
  std::string endpoints;
  for (uint16_t port = first_port; port < first_port + 4; ++port) {
    endpoints.append(str_cat("{address: 127.0.0.1, port: ", std::to_string(port), "}, "));
  }
  return str_cat("{apiVersion: heddle.dev/v1, kind: BackendSet, metadata: {name: ", name,
                 "}, spec: {tls: plaintext, endpoints: [", endpoints, "], loadBalancer: {", more, "}}}\n---\n");
}
std::string backend(std::string_view name, int weight) {
  return str_cat("{group: heddle.dev, kind: BackendSet, name: ", name, ", weight: ", std::to_string(weight), "}");
}
const std::string kYaml =
    service_yaml("s") + set_yaml("a", 10, "minHealthyPercent: 50") + set_yaml("b", 20, "") +
    set_yaml("c", 30, "minHealthyPercent: 50") +
    str_cat("{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r}, spec: {parentRefs: ",
            "[{group: '', kind: Service, name: s}], rules: [{matches: [{path: {value: /only}}], backendRefs: [",
            backend("a", 1), "]}, {matches: [{path: {value: /gone}}], backendRefs: [", backend("a", 1),
            ", {name: gone, unresolved: 'BackendNotFound: no Service'}]}, {backendRefs: [", backend("a", 80), ", ",
            backend("b", 10), ", ", backend("c", 10), "]}]}}\n");

class ShortSetsTest : public UpstreamRig {
 protected:
  ShortSetsTest() { config_.apply(snapshot_of(kYaml)); }
  void fail(uint16_t first_port, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      auto port = static_cast<uint16_t>(first_port + i);
      health_.get({Address::loopback(port), ""})->set(HealthFlag::kCheckFailed, {});
    }
  }
  Decision decided(std::string_view path, uint64_t draw) {
    const Snapshot& snapshot = *config_.current()->snapshot;
    RequestHead head(loop_.blocks());
    EXPECT_TRUE(head.set_path(path));
    RequestFacts facts = facts_of(head);
    return decide(snapshot, {snapshot.resolve("s", "default"), "default", &facts, draw});
  }
  // The set's name and, where it moved, its number in the rule.
  std::string asked(uint64_t draw, std::string_view path = "/") {
    Decision decision = decided(path, draw);
    EXPECT_TRUE(decision);
    if (may_leave(decision)) leave_if_short(*config_.current(), draw, decision);
    return decision.backends->spec->key.name + (decision.instead ? std::to_string(*decision.instead) : "");
  }
  std::map<std::string, int> counted() {
    std::map<std::string, int> out;
    for (uint64_t i = 0; i < 1000; ++i) ++out[asked(i * (UINT64_MAX / 1000))];
    return out;
  }
  using Counts = std::map<std::string, int>;
  WorkerConfig config_{context_, metrics_};
};

TEST_F(ShortSetsTest, NobodyIsSentToAShareThatLeadsNowhere) {
  fail(10, 4);
  EXPECT_EQ(asked(0, "/gone"), "a");
}

TEST_F(ShortSetsTest, NothingMovesWhileEnoughAreHealthy) {
  fail(10, 2);

  Counts counts = counted();

  EXPECT_NEAR(counts["a"], 800, 1);
  EXPECT_NEAR(counts["b"], 100, 1);
  EXPECT_NEAR(counts["c"], 100, 1);
}

TEST_F(ShortSetsTest, TheOthersGetTheShareOfOneThatIsShort) {
  fail(10, 3);

  Counts counts = counted();

  EXPECT_FALSE(counts.contains("a"));
  EXPECT_NEAR(counts["b1"], 400, 80);
  EXPECT_NEAR(counts["c2"], 400, 80);
  EXPECT_NEAR(counts["b"], 100, 1) << "what was theirs before";
  std::string moved = std::to_string(counts["b1"] + counts["c2"]);
  EXPECT_NE(metrics_.render().find("heddle_upstream_left_total{backend_set=\"default/a\"} " + moved),
            std::string::npos);
}

TEST_F(ShortSetsTest, OneThatIsShortItselfOrDownHelpsNobody) {
  fail(10, 3);
  fail(30, 3);
  Counts counts = counted();
  EXPECT_FALSE(counts.contains("c") || counts.contains("c2"));
  EXPECT_NEAR(counts["b1"], 900, 1);
  fail(20, 4);

  EXPECT_EQ(asked(0), "a") << "whose pick says why nobody is there";
}

TEST_F(ShortSetsTest, ARuleWithOneSetStaysThere) {
  fail(10, 3);

  EXPECT_FALSE(may_leave(decided("/only", 0)));
  EXPECT_EQ(asked(0, "/only"), "a");
}

TEST_F(ShortSetsTest, AQuestionIsToldWhoIsLeft) {
  fail(10, 3);
  fail(30, 3);
  OwnName own;
  OutboundRouter router(config_, ListenerSettings{}, "default", own, random_);
  RequestHead head(loop_.blocks());
  ASSERT_TRUE(head.set_authority("s") && head.set_path("/"));
  RouteWatch watch;

  ASSERT_TRUE(router.route_watched(head, {}, 0, watch));

  EXPECT_EQ(watch.decision.backends->spec->key.name, "b");
  EXPECT_NE(watch.trace.text().find("minimum healthy share: default/a is left for default/b"), std::string::npos)
      << watch.trace.text();
}

TEST_F(ShortSetsTest, ASetWithoutAMinimumIsNotAsked) { EXPECT_FALSE(may_leave(decided("/", 27ULL << 59))); }
}  // namespace
}  // namespace heddle
