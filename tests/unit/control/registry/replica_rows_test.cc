// The registry with the sidecars of other control planes.
#include <gtest/gtest.h>

#include "control/registry/node_registry.h"

namespace heddle {
namespace {
constexpr WallTime kNow{std::chrono::seconds(1'800'000'000)};
const std::string kIdentity = "spiffe://cluster.local/ns/default/sa/web";

NodeStatus remote(std::string node, NodeState state, WallTime connected = kNow, std::string instance = {}) {
  NodeStatus row;
  row.key = {kIdentity, std::move(node), std::move(instance)};
  row.state = state;
  row.is_connected = state != NodeState::kGone;
  row.software = "0.1.0";
  row.connected = row.last_seen = connected;
  return row;
}

class ReplicaRowsTest : public testing::Test {
 protected:
  ReplicaRowsTest() {
    registry_.on_replica("b", kNow);
    registry_.on_replica("c", kNow);
  }
  void connect(std::string node, WallTime at, std::string instance = {}) {
    WatchHello hello{.node = node, .software = "0.1.0"};
    registry_.on_hello(next_++, {kIdentity, std::move(node), std::move(instance)}, hello, at);
  }
  // "n1@b:live n2@:gone"
  std::string listed() const {
    std::string out;
    registry_.for_each([&out](const NodeStatus& row) {
      out.append(out.empty() ? "" : " ").append(row.key.node).append("@").append(row.replica);
      out.append(":").append(to_text(row.state));
    });
    return out;
  }
  NodeRegistry registry_;
  NodeRegistry::ConnectionId next_ = 1;
};

TEST_F(ReplicaRowsTest, TheSidecarsOfAllAreOneSortedList) {
  connect("n2", kNow);
  registry_.on_replica_row("b", remote("n1", NodeState::kLive));
  registry_.on_replica_row("c", remote("n3", NodeState::kBehind));

  EXPECT_EQ(listed(), "n1@b:live n2@:syncing n3@c:behind");
  EXPECT_EQ(registry_.size(), 3U);
  EXPECT_EQ(registry_.rows().size(), 3U);
  EXPECT_EQ(registry_.find({kIdentity, "n3"})->replica, "c");
}

TEST_F(ReplicaRowsTest, ASidecarThatMovedIsListedWhereItConnectedLast) {
  registry_.on_replica_row("b", remote("n1", NodeState::kLive, kNow + 1s));
  connect("n1", kNow);
  EXPECT_EQ(listed(), "n1@b:live") << "it left us for b";

  connect("n1", kNow + 2s);
  EXPECT_EQ(listed(), "n1@:syncing") << "and came back";

  registry_.on_replica_row("c", remote("n1", NodeState::kLive, kNow + 3s));
  EXPECT_EQ(listed(), "n1@c:live");
  EXPECT_EQ(registry_.find({kIdentity, "n1"})->replica, "c");
}

TEST_F(ReplicaRowsTest, WhoIsGoneElsewhereLosesToAnything) {
  registry_.on_replica_row("b", remote("n1", NodeState::kGone, kNow + 5s));
  connect("n1", kNow);
  EXPECT_EQ(listed(), "n1@:syncing");

  registry_.on_gone(1, {kIdentity, "n1"}, kNow + 6s);
  EXPECT_EQ(listed(), "n1@:gone");
  EXPECT_EQ(registry_.find({kIdentity, "n1"})->replica, "");
}

TEST_F(ReplicaRowsTest, AProcessThatStartedAnewElsewhereIsNotMissedHere) {
  connect("n1", kNow, "first");
  registry_.on_gone(1, {kIdentity, "n1", "first"}, kNow);
  EXPECT_EQ(listed(), "n1@:gone");

  registry_.on_replica_row("b", remote("n1", NodeState::kLive, kNow + 1s, "second"));

  EXPECT_EQ(listed(), "n1@b:live");
  EXPECT_EQ(registry_.size(), 1U);
}

TEST_F(ReplicaRowsTest, ALiveOneRunsTheNewestOfItsReplica) {
  registry_.on_replica_newest("b", {1, 4});
  registry_.on_replica_row("b", remote("n1", NodeState::kLive));
  NodeStatus late = remote("n2", NodeState::kBehind);
  late.runs = Version{1, 2};
  registry_.on_replica_row("b", late);
  EXPECT_EQ(registry_.find({kIdentity, "n1"})->runs, (Version{1, 4}));

  registry_.on_replica_newest("b", {1, 5});

  EXPECT_EQ(registry_.find({kIdentity, "n1"})->runs, (Version{1, 5}));
  EXPECT_EQ(registry_.find({kIdentity, "n2"})->runs, (Version{1, 2}));
}

TEST_F(ReplicaRowsTest, ASilentReplicaKeepsItsRowsAndSaysSinceWhen) {
  registry_.on_replica_row("b", remote("n1", NodeState::kLive));

  registry_.on_replica_silent("b", kNow + 3s);
  registry_.on_replica_silent("b", kNow + 9s);

  EXPECT_EQ(listed(), "n1@b:live");
  ReplicaSight b = registry_.replicas().at(0);
  EXPECT_EQ(b.name, "b");
  EXPECT_FALSE(b.is_heard);
  EXPECT_EQ(b.since, kNow + 3s);
  EXPECT_EQ(b.connected, 1U);
}

TEST_F(ReplicaRowsTest, TheSidecarsOfAReplicaThatIsNoMoreAreGoneForAWhile) {
  registry_.on_replica_row("b", remote("n1", NodeState::kLive));
  registry_.on_replica_row("c", remote("n2", NodeState::kLive));

  registry_.on_replica_gone("b", kNow + 1min);
  EXPECT_EQ(listed(), "n1@b:gone n2@c:live");
  EXPECT_EQ(registry_.replicas().size(), 1U);
  registry_.forget_gone(kNow + 10min);
  EXPECT_EQ(registry_.size(), 2U);
  registry_.forget_gone(kNow + 11min);

  EXPECT_EQ(listed(), "n2@c:live");
}

TEST_F(ReplicaRowsTest, WhoIsGoneWithItsReplicaIsBounded) {
  auto leave_with = [this](const std::string& replica, size_t sidecars, WallTime at) {
    registry_.on_replica(replica, at);
    for (size_t i = 0; i < sidecars; ++i) {
      registry_.on_replica_row(replica, remote(replica + std::to_string(i), NodeState::kLive));
    }
    registry_.on_replica_gone(replica, at);
  };
  leave_with("b", 5, kNow);
  leave_with("c", NodeRegistry::kMaxGone, kNow + 1s);

  registry_.forget_gone(kNow + 2s);

  EXPECT_EQ(registry_.size(), NodeRegistry::kMaxGone);
  EXPECT_EQ(registry_.find({kIdentity, "b0"}), nullptr) << "the oldest";
}

TEST_F(ReplicaRowsTest, WhatWasNotToldAgainIsNoMore) {
  registry_.on_replica_row("b", remote("n1", NodeState::kLive));
  registry_.on_replica_row("b", remote("n2", NodeState::kLive));
  registry_.on_replica_row("c", remote("n1", NodeState::kGone));

  registry_.on_replica_rows("b", {{kIdentity, "n2"}});

  EXPECT_EQ(listed(), "n1@c:gone n2@b:live");
  EXPECT_EQ(registry_.replicas().at(0).connected, 1U);
}

TEST_F(ReplicaRowsTest, OnlyOurOwnAreLocal) {
  connect("n1", kNow);
  registry_.on_replica_row("b", remote("n1", NodeState::kLive, kNow + 1s));
  registry_.on_replica_row("b", remote("n2", NodeState::kLive));
  size_t local = 0;

  registry_.for_each_local([&local](const NodeStatus& row) {
    ++local;
    EXPECT_EQ(row.key.node, "n1");
  });

  EXPECT_EQ(local, 1U);
  EXPECT_EQ(registry_.connection_of({kIdentity, "n1"}), 1U);
  EXPECT_EQ(registry_.connection_of({kIdentity, "n2"}), 0U) << "not here";
}

TEST_F(ReplicaRowsTest, WhereThereAreSeveralEachRowNamesItsReplica) {
  registry_.set_own_name("a");
  connect("n1", kNow);
  registry_.on_replica_row("b", remote("n2", NodeState::kLive));

  std::vector<NodeStatus> rows = registry_.named_rows();

  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].replica, "a");
  EXPECT_EQ(rows[1].replica, "b");
  NodeRegistry alone;
  alone.set_own_name("a");
  alone.on_hello(1, {kIdentity, "n1"}, WatchHello{.node = "n1"}, kNow);
  EXPECT_EQ(alone.named_rows().at(0).replica, "");
}
}  // namespace
}  // namespace heddle
