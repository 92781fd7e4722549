#include "control/registry/node_registry.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
constexpr WallTime kNow{std::chrono::seconds(1'800'000'000)};
const NodeKey kNode{"spiffe://cluster.local/ns/default/sa/web", "n1"};
const NodeKey kFirst{kNode.identity, "n1", "a"};
const NodeKey kTwin{kNode.identity, "n1", "b"};

WatchHello hello() { return {.node = "n1", .software = "0.1.0", .features = {"x"}}; }

TEST(NodeRegistry, KnowsWhoRunsWhat) {
  NodeRegistry registry;
  registry.on_hello(1, kNode, hello(), kNow);
  registry.on_progress(1, {NodeState::kLive, Version{1, 4}, Version{1, 7}}, kNow + 1s);

  NodeStatus row = registry.rows().at(0);

  EXPECT_EQ(row.state, NodeState::kLive);
  EXPECT_EQ(row.software, "0.1.0");
  EXPECT_EQ(row.acked, (Version{1, 4}));
  EXPECT_EQ(row.runs, (Version{1, 7}));
  EXPECT_EQ(row.connected, kNow);
  EXPECT_EQ(row.last_seen, kNow + 1s);
}

TEST(NodeRegistry, CountsLateFromTheFirstMomentOn) {
  NodeRegistry registry;
  registry.on_hello(1, kNode, hello(), kNow);
  registry.on_progress(1, {NodeState::kBehind}, kNow + 1s);
  registry.on_nack(1, kNode, {{1, 5}, {{"", "", "no"}}}, kNow + 2s);
  registry.on_progress(1, {NodeState::kRefused}, kNow + 3s);

  EXPECT_EQ(registry.find(kNode)->behind_since, kNow + 1s);
  EXPECT_EQ(registry.find(kNode)->nack->errors[0].message, "no");
}

TEST(NodeRegistry, ANackIsForgottenWhenTheSidecarMovesOn) {
  NodeRegistry registry;
  registry.on_hello(1, kNode, hello(), kNow);
  registry.on_nack(1, kNode, {{1, 5}, {{"", "", "no"}}}, kNow);
  registry.on_progress(1, {NodeState::kBehind}, kNow);

  EXPECT_FALSE(registry.find(kNode)->nack.has_value());
}

TEST(NodeRegistry, AnOlderConnectionSaysNothingMore) {
  NodeRegistry registry;
  registry.on_hello(1, kNode, hello(), kNow);
  registry.on_hello(2, kNode, hello(), kNow);
  registry.on_progress(1, {NodeState::kLive, Version{1, 9}}, kNow);
  registry.on_report(1, kNode, {{{"a", 1}}, 1s}, kNow);
  registry.on_gone(1, kNode, kNow);

  EXPECT_EQ(registry.find(kNode)->state, NodeState::kSyncing);
  EXPECT_FALSE(registry.find(kNode)->acked.has_value());
  EXPECT_TRUE(registry.find(kNode)->report.counters.empty());
}

TEST(NodeRegistry, TwoInstancesOfOneNameAreTwoRows) {
  NodeRegistry registry;
  registry.on_hello(1, kFirst, hello(), kNow);
  registry.on_hello(2, kTwin, hello(), kNow);
  registry.on_trust(1, kFirst, {"roots"}, kNow);
  registry.set_peer(2, kTwin, "127.0.0.2:1", "0b");

  ASSERT_EQ(registry.size(), 2U);
  EXPECT_TRUE(registry.find(kFirst)->trust.has_value());
  EXPECT_FALSE(registry.find(kTwin)->trust.has_value());
  EXPECT_EQ(registry.find(kFirst)->serial, "");
  EXPECT_EQ(registry.find(kTwin)->serial, "0b");
}

TEST(NodeRegistry, OfTwoOfOneNameNobodyMissesTheOneThatLeft) {
  NodeRegistry registry;
  registry.on_hello(1, kFirst, hello(), kNow);
  registry.on_hello(2, kTwin, hello(), kNow);

  registry.on_gone(1, kFirst, kNow);

  EXPECT_EQ(registry.find(kFirst), nullptr);
  EXPECT_NE(registry.find(kTwin), nullptr);
}

TEST(NodeRegistry, AProcessThatStartedAnewTakesThePlaceOfTheOneThatEnded) {
  NodeRegistry registry;
  registry.on_hello(1, kFirst, hello(), kNow);
  registry.on_gone(1, kFirst, kNow);
  registry.on_hello(2, {kNode.identity, "n2", "c"}, hello(), kNow);
  EXPECT_EQ(registry.find(kFirst)->state, NodeState::kGone);

  registry.on_hello(3, kTwin, hello(), kNow);

  EXPECT_EQ(registry.find(kFirst), nullptr);
  EXPECT_EQ(registry.size(), 2U);
}

TEST(NodeRegistry, WhoIsGoneStaysListedForTenMinutes) {
  NodeRegistry registry;
  registry.on_hello(1, kNode, hello(), kNow);
  registry.on_gone(1, kNode, kNow);
  registry.forget_gone(kNow + 9min);
  EXPECT_EQ(registry.find(kNode)->state, NodeState::kGone);

  registry.forget_gone(kNow + 10min);

  EXPECT_EQ(registry.size(), 0U);
}

TEST(NodeRegistry, WhoIsGoneIsBounded) {
  NodeRegistry registry;
  for (size_t i = 0; i < NodeRegistry::kMaxGone + 5; ++i) {
    NodeKey key{"id", std::to_string(i)};
    WallTime at = kNow + std::chrono::milliseconds(i);
    registry.on_hello(i, key, hello(), at);
    registry.on_gone(i, key, at);
  }

  registry.forget_gone(kNow + 1min);

  EXPECT_EQ(registry.size(), NodeRegistry::kMaxGone);
  EXPECT_EQ(registry.find({"id", "4"}), nullptr);
  EXPECT_NE(registry.find({"id", "5"}), nullptr);
}
}  // namespace
}  // namespace heddle
