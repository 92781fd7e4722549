// A sidecar that is about to end, and those that use it, at the hub.
#include "tests/unit/control/watch/hub_rig.h"

namespace heddle {
namespace {
const Address kOld = *Address::parse("127.0.0.1:8080");

class WatchReleaseTest : public WatchHubTest {
 protected:
  WatchReleaseTest() {
    scheduler_.advance(WatchHub::Options().release_after);
    for (WatchingSidecar* user : {&sidecar_, &other_}) {
      user->wants_ = {service_key("a")};
      user->start(*hub_);
      user->settle(*hub_);
    }
    leaver_.start(*hub_);
    leaver_.settle(*hub_);
  }
  void leave(Duration within = 25s, Address address = kOld) {
    hub_->on_message(*leaver_.subscriber_, WatchDraining{{address}, within});
    told();
  }
  // Nobody listens at b's port either: both sets name it at first.
  void replace() {
    put(backend_set("a", "9090"));
    put(backend_set("b", "9090"));
    flush();
    flush();
  }
  std::optional<WatchRelease> told() {
    leaver_.settle(*hub_);
    const auto& all = leaver_.replica_.releases();
    return all.empty() ? std::nullopt : std::optional(all.back());
  }
  WatchingSidecar other_{"n2"};
  WatchingSidecar leaver_{"leaver"};
};

TEST_F(WatchReleaseTest, WaitsForTheLastAcknowledgementOfAVersionWithoutIt) {
  leave();
  EXPECT_EQ(told(), (WatchRelease{ReleaseState::kWaiting, 2, 2, true}));
  replace();
  EXPECT_EQ(told(), (WatchRelease{ReleaseState::kWaiting, 2, 2, false}));
  sidecar_.settle(*hub_);
  EXPECT_EQ(told(), (WatchRelease{ReleaseState::kWaiting, 2, 1, false}));

  other_.settle(*hub_);

  EXPECT_EQ(told(), (WatchRelease{ReleaseState::kAcknowledged, 2, 0, false}));
}

TEST_F(WatchReleaseTest, WhereEverybodyAcknowledgedBeforeItIsReleasedAtOnce) {
  replace();
  sidecar_.settle(*hub_);
  other_.settle(*hub_);

  leave();

  EXPECT_EQ(told(), (WatchRelease{ReleaseState::kAcknowledged, 0, 0, false}));
}

TEST_F(WatchReleaseTest, WhoseBatchWithoutItIsUnansweredStillUsesIt) {
  replace();
  sidecar_.settle(*hub_);

  leave();

  EXPECT_EQ(told(), (WatchRelease{ReleaseState::kWaiting, 1, 1, false}));
}

TEST_F(WatchReleaseTest, AnAddressThatNobodyNamesIsReleasedAtOnce) {
  leave(25s, *Address::parse("127.0.0.1:1"));

  EXPECT_EQ(told()->state, ReleaseState::kAcknowledged);
}

TEST_F(WatchReleaseTest, AnAddressWithoutPortStandsForAllOfThem) {
  leave(25s, *Address::from_ip("127.0.0.1", 0));
  EXPECT_EQ(told()->missing, 2U);
  replace();
  sidecar_.settle(*hub_);
  other_.settle(*hub_);

  EXPECT_EQ(told(), (WatchRelease{ReleaseState::kWaiting, 2, 2, true})) << "9090 is its too";
}

TEST_F(WatchReleaseTest, WhoDisconnectsIsNotWaitedFor) {
  leave();
  replace();
  sidecar_.settle(*hub_);

  other_.stop(*hub_);

  EXPECT_EQ(told()->state, ReleaseState::kAcknowledged);
}

TEST_F(WatchReleaseTest, WhoRefusesTheVersionWithoutItKeepsItUntilTheDeadline) {
  leave(20s);
  replace();
  sidecar_.settle(*hub_);
  while (other_.read(*hub_)) hub_->on_message(*other_.subscriber_, other_.replica_.nack());
  EXPECT_EQ(told()->missing, 1U);

  scheduler_.advance(20s);

  EXPECT_EQ(told(), (WatchRelease{ReleaseState::kDeadline, 2, 1, false}));
}

TEST_F(WatchReleaseTest, WhoComesWithContentThatNobodyKnowsIsWaitedFor) {
  leave();
  WatchingSidecar stranger{"n3"};
  stranger.wants_ = {service_key("b")};
  stranger.connect(*hub_);
  WatchHello hello = stranger.replica_.hello("n3", stranger.wants_);
  hello.version = Version{7, 7};
  hello.hash = std::string(64, '0');
  hub_->on_message(*stranger.subscriber_, hello);
  replace();
  sidecar_.settle(*hub_);
  other_.settle(*hub_);
  EXPECT_EQ(told()->missing, 1U);

  stranger.settle(*hub_);

  EXPECT_EQ(told()->state, ReleaseState::kAcknowledged);
}

TEST_F(WatchReleaseTest, AfterAStartItWaitsForThoseWhoAreOnTheirWayBack) {
  leaver_.stop(*hub_);
  sidecar_.stop(*hub_);
  other_.stop(*hub_);
  put(backend_set("a", "9090"));
  put(backend_set("b", "9090"));
  start_hub();
  hub_->set_synced();
  leaver_.start(*hub_);
  leave();
  scheduler_.advance(4s);
  EXPECT_EQ(told()->state, ReleaseState::kWaiting);
  sidecar_.start(*hub_);
  scheduler_.advance(2s);
  EXPECT_EQ(told()->missing, 1U);

  sidecar_.settle(*hub_);

  EXPECT_EQ(told()->state, ReleaseState::kAcknowledged);
}

TEST_F(WatchReleaseTest, TheSidecarsOfOtherControlPlanesCount) {
  registry_.on_replica("b", scheduler_.wall());
  registry_.on_replica_newest("b", store_.store->version());
  NodeStatus row;
  row.key = {"spiffe://cluster.local/ns/default/sa/api", "api-1"};
  row.state = NodeState::kBehind;
  row.runs = store_.store->version();
  row.connected = scheduler_.wall();
  row.request = std::make_shared<NodeRequest>(NodeRequest{
      *SpiffeId::parse("spiffe://cluster.local/ns/default/sa/api"), WatchScope::kWants, {service_key("a")}});
  registry_.on_replica_row("b", row);
  leave();
  replace();
  sidecar_.settle(*hub_);
  other_.settle(*hub_);
  scheduler_.advance(1s);
  EXPECT_EQ(told()->state, ReleaseState::kWaiting) << "its store has not the version yet";
  registry_.on_replica_newest("b", store_.store->version());
  registry_.on_replica_row("b", row);
  hub_->on_replicas_changed();
  scheduler_.advance(1s);
  EXPECT_EQ(told(), (WatchRelease{ReleaseState::kWaiting, 3, 1, false}));

  row.state = NodeState::kLive;
  row.runs = store_.store->version();
  registry_.on_replica_row("b", row);
  hub_->on_replicas_changed();
  scheduler_.advance(1s);

  EXPECT_EQ(told()->state, ReleaseState::kAcknowledged);
}

TEST_F(WatchReleaseTest, AReplicaThatIsNotHeardKeepsIt) {
  registry_.on_replica("b", scheduler_.wall());
  registry_.on_replica_newest("b", store_.store->version());
  registry_.on_replica_silent("b", scheduler_.wall());
  leave(20s, *Address::parse("127.0.0.1:1"));
  scheduler_.advance(19s);
  EXPECT_EQ(told()->state, ReleaseState::kWaiting);

  registry_.on_replica_gone("b", scheduler_.wall());
  hub_->on_replicas_changed();
  scheduler_.advance(500ms);

  EXPECT_EQ(told()->state, ReleaseState::kAcknowledged);
}
}  // namespace
}  // namespace heddle
