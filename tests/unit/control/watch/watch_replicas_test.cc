// The hub counts the sidecars of other control planes.
#include "tests/unit/control/watch/hub_rig.h"

namespace heddle {
namespace {
class WatchReplicasTest : public WatchHubTest {
 protected:
  WatchReplicasTest() {
    registry_.on_replica("b", scheduler_.wall());
    registry_.on_replica_newest("b", store_->version());
  }
  void tell(NodeState state, std::optional<Version> runs = std::nullopt) {
    NodeStatus row;
    row.key = {"spiffe://cluster.local/ns/default/sa/api", "api-1"};
    row.state = state;
    row.runs = runs;
    row.connected = scheduler_.wall();
    registry_.on_replica_row("b", row);
  }
  void wait(Version version) {
    waiting_ = hub_->wait(version, 1min, [this](WaitResult result) { result_ = std::move(result); });
  }
  std::optional<WaitResult> result_;
  Pending waiting_;
};

TEST_F(WatchReplicasTest, TheRegistryKnowsWhatASidecarAsksFor) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);
  ASSERT_NE(status().request, nullptr);
  EXPECT_EQ(status().request->wants, std::set<ResourceKey>{service_key("a")});
  uint64_t before = status().request_change;

  hub_->on_message(*sidecar_.subscriber_, WatchWant{{service_key("b")}, {service_key("a")}});

  EXPECT_EQ(status().request->wants, std::set<ResourceKey>{service_key("b")});
  EXPECT_EQ(status().request->text, sidecar_.subscriber_->request().text);
  EXPECT_NE(status().request_change, before);
}

TEST_F(WatchReplicasTest, AVersionIsReachedWhenTheSidecarsOfAllRunIt) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);
  Version version = store_->version();
  tell(NodeState::kBehind, Version{});
  EXPECT_FALSE(hub_->is_reached(version));
  EXPECT_EQ(hub_->min_runs(), Version{});
  wait(version);
  scheduler_.advance(1s);
  EXPECT_FALSE(result_.has_value());

  tell(NodeState::kLive);
  hub_->on_replicas_changed();
  scheduler_.advance(1s);

  ASSERT_TRUE(result_.has_value());
  EXPECT_EQ(result_->end, WaitResult::End::kReached);
  EXPECT_EQ(result_->sidecars, 2U);
}

TEST_F(WatchReplicasTest, AReplicaThatIsNotHeardKeepsItFromBeingReachedAndIsNamed) {
  tell(NodeState::kLive);
  registry_.on_replica_silent("b", scheduler_.wall());
  Version version = store_->version();
  EXPECT_FALSE(hub_->is_reached(version));
  wait(version);

  scheduler_.advance(2min);

  ASSERT_TRUE(result_.has_value());
  EXPECT_EQ(result_->end, WaitResult::End::kTimeout);
  ASSERT_EQ(result_->replicas.size(), 1U);
  EXPECT_EQ(result_->replicas[0].name, "b");
  EXPECT_EQ(result_->replicas[0].sidecars, 1U);
  EXPECT_EQ(result_->replicas[0].unheard, Duration(1min));
  EXPECT_TRUE(result_->behind.empty()) << "nothing is known of its sidecars";
}

TEST_F(WatchReplicasTest, AReplicaThatHasAnOlderVersionIsWaitedForWithoutSidecarsToo) {
  put(backend_set("b", "9"));
  flush();
  Version version = store_->version();

  EXPECT_FALSE(hub_->is_reached(version)) << "who connects there gets the older one";
  registry_.on_replica_newest("b", version);

  EXPECT_TRUE(hub_->is_reached(version));
}

TEST_F(WatchReplicasTest, ARefusalElsewhereEndsAWait) {
  Version version = store_->version();
  tell(NodeState::kBehind, Version{});
  wait(version);
  NodeStatus row;
  row.key = {"spiffe://cluster.local/ns/default/sa/api", "api-1"};
  row.state = NodeState::kRefused;
  row.nack = WatchNack{version, {{"Service/default/a", "spec", "no"}}};
  row.connected = scheduler_.wall();
  registry_.on_replica_row("b", row);

  hub_->on_replicas_changed();
  scheduler_.advance(1s);

  ASSERT_TRUE(result_.has_value());
  EXPECT_EQ(result_->end, WaitResult::End::kRefused);
  ASSERT_EQ(result_->behind.size(), 1U);
  EXPECT_EQ(result_->behind[0].replica, "b");
  EXPECT_EQ(result_->behind[0].nack->errors.at(0).message, "no");
}

TEST_F(WatchReplicasTest, AReplicaThatIsNoMoreIsNotWaitedFor) {
  tell(NodeState::kBehind, Version{});
  Version version = store_->version();
  wait(version);

  registry_.on_replica_gone("b", scheduler_.wall());
  hub_->on_replicas_changed();
  scheduler_.advance(1s);

  ASSERT_TRUE(result_.has_value());
  EXPECT_EQ(result_->end, WaitResult::End::kReached);
}
}  // namespace
}  // namespace heddle
