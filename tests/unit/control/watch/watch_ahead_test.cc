// A control plane whose store is behind what sidecars hold: it takes nobody back.
#include <algorithm>

#include "tests/unit/control/watch/hub_rig.h"

namespace heddle {
namespace {
// Another control plane of the same store is one version ahead of hub_, and the sidecar was there.
class WatchAheadTest : public WatchHubTest {
 protected:
  WatchAheadTest() {
    hub_->set_health([this] { return health_; });
    newer_.put(backend_set("a"));
    newer_.put(service("a"));
    newer_.put(backend_set("b"));
    newer_.put(service("b"));
    change(newer_);
    NodeRegistry its_registry;
    WatchHub there(*newer_.store, its_registry, scheduler_, random_, {});
    there.set_synced();
    sidecar_.start(there);
    sidecar_.settle(there);
    sidecar_.stop(there);
    EXPECT_EQ(sidecar_.replica_.version(), newer_->version());
    EXPECT_GT(newer_->version(), store_->version());
    batches_ = sidecar_.replica_.begins().size();
  }
  static void change(TestStore& store) { store.put(backend_set("a", "9")); }
  // The store says that it has all that there was so long ago.
  void look_at_store(Duration ago = Duration(0)) { health_ = JournalHealth{true, scheduler_.wall() - ago, ""}; }
  void cut_off() { health_ = JournalHealth{false, scheduler_.wall(), "out of reach"}; }
  void come() {
    sidecar_.start(*hub_);
    sidecar_.settle(*hub_);
  }
  size_t new_batches() const { return sidecar_.replica_.begins().size() - batches_; }

  std::optional<JournalHealth> health_;
  TestStore newer_;
  size_t batches_ = 0;
};

TEST_F(WatchAheadTest, AStoreThatIsCutOffSendsNoOlderBatchAndAsksTheSidecarOnOnce) {
  cut_off();
  come();

  scheduler_.advance(5min);
  sidecar_.settle(*hub_);

  EXPECT_EQ(new_batches(), 0U);
  EXPECT_EQ(sidecar_.replica_.drains(), 1);
  EXPECT_EQ(hub_->sent_away().behind, 1U);
  EXPECT_FALSE(sidecar_.closed_.has_value());
  EXPECT_GE(sidecar_.replica_.heartbeats().size(), 50U) << "it is served all the same";
}

TEST_F(WatchAheadTest, WhoCameAMomentTooEarlyIsWaitedFor) {
  look_at_store();
  come();
  EXPECT_EQ(new_batches(), 0U);

  scheduler_.advance(100ms);
  change(store_);
  scheduler_.advance(1ms);
  sidecar_.settle(*hub_);

  EXPECT_EQ(new_batches(), 0U) << "it holds just that";
  EXPECT_EQ(status().state, NodeState::kLive);
  EXPECT_EQ(status().runs, store_->version());
  EXPECT_EQ(sidecar_.replica_.drains(), 0);
}

TEST_F(WatchAheadTest, AStoreThatWasCutOffServesItWhenItHasTheVersion) {
  cut_off();
  come();
  scheduler_.advance(1min);

  look_at_store();
  change(store_);
  put(backend_set("a", "10"));
  scheduler_.advance(1s);
  sidecar_.settle(*hub_);

  EXPECT_EQ(new_batches(), 1U);
  EXPECT_EQ(sidecar_.replica_.version(), store_->version());
}

TEST_F(WatchAheadTest, WhatItWantsMeanwhileIsNeitherOlderNorUnknown) {
  cut_off();
  come();
  hub_->on_message(*sidecar_.subscriber_, WatchWant{{service_key("b"), service_key("ghost")}, {}});
  scheduler_.advance(1min);
  sidecar_.settle(*hub_);
  EXPECT_EQ(new_batches(), 0U);
  EXPECT_TRUE(sidecar_.replica_.unknown().empty());

  look_at_store();
  change(store_);
  scheduler_.advance(1s);
  sidecar_.settle(*hub_);

  EXPECT_EQ(new_batches(), 1U);
  EXPECT_EQ(sidecar_.replica_.unknown(), std::vector<ResourceKey>{service_key("ghost")});
}

TEST_F(WatchAheadTest, AStoreThatIsKnownToBeCurrentWithoutItWasRestored) {
  look_at_store();
  come();
  scheduler_.advance(AheadStreams::kCatchUp);
  EXPECT_FALSE(sidecar_.read(*hub_)) << "what it last saw of etcd is of before the sidecar came";

  look_at_store();
  scheduler_.advance(AheadStreams::kLook);

  // What comes is older: it is the sidecar that judges it (docs/watch-protocol.md, "Versions").
  auto is_begin = [](const std::string& line) { return line.starts_with("{\"begin\":"); };
  EXPECT_EQ(std::count_if(sidecar_.lines_.begin(), sidecar_.lines_.end(), is_begin), 1);
}

TEST_F(WatchAheadTest, WithAStoreThatNobodySharesNothingIsWaitedFor) {
  sidecar_.start(*hub_);

  auto is_begin = [](const std::string& line) { return line.starts_with("{\"begin\":"); };
  EXPECT_EQ(std::count_if(sidecar_.lines_.begin(), sidecar_.lines_.end(), is_begin), 1);
}

TEST_F(WatchAheadTest, AnotherEpochIsNotAhead) {
  EXPECT_TRUE(AheadStreams::is_ahead({1, 7}, {1, 6}));
  EXPECT_FALSE(AheadStreams::is_ahead({1, 6}, {1, 6}));
  EXPECT_FALSE(AheadStreams::is_ahead({2, 1}, {1, 6}));
}

TEST_F(WatchAheadTest, WhoComesWhileTheStoreMayBeOldHearsOfTrustWhenItIsNot) {
  sidecar_.features_ = {std::string(kTrustFeature)};
  hub_->announce({std::string(64, 'a'), 2s, R"({"keys":[]})", {}});
  cut_off();
  come();
  scheduler_.advance(1min);
  sidecar_.settle(*hub_);
  EXPECT_TRUE(sidecar_.replica_.trusts().empty());

  change(store_);
  look_at_store();
  scheduler_.advance(10s);
  sidecar_.settle(*hub_);

  EXPECT_EQ(sidecar_.replica_.trusts().size(), 1U);
}
}  // namespace
}  // namespace heddle
