// What the hub does when there are many: commits in a row, everybody at once, streams that grow old.
#include "tests/unit/control/watch/hub_rig.h"

namespace heddle {
namespace {
class WatchScaleTest : public WatchHubTest {
 protected:
  std::unique_ptr<WatchingSidecar> make(const std::string& node) {
    auto sidecar = std::make_unique<WatchingSidecar>(node);
    sidecar->wants_ = {service_key("a")};
    return sidecar;
  }
  void start_narrow_hub(double rate = 0, size_t waiting = 10) {
    start_hub({.first_batches = {{1, rate}, waiting}});
    hub_->set_synced();
  }
};

TEST_F(WatchScaleTest, EndpointsThatChangeAloneGoOutAtOnce) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);

  put(backend_set("a", "9"));
  scheduler_.advance(10ms);
  EXPECT_FALSE(sidecar_.lines_.empty());
  sidecar_.settle(*hub_);
  put(backend_set("a", "10"));
  scheduler_.advance(99ms);
  EXPECT_TRUE(sidecar_.lines_.empty());
  scheduler_.advance(1ms);

  EXPECT_FALSE(sidecar_.lines_.empty());
}

TEST_F(WatchScaleTest, OtherChangesGoOutAfterTheQuietTime) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);

  put(service("a", R"(,"visibility":"namespace")"));
  scheduler_.advance(99ms);
  EXPECT_TRUE(sidecar_.lines_.empty());
  scheduler_.advance(1ms);

  EXPECT_FALSE(sidecar_.lines_.empty());
}

TEST_F(WatchScaleTest, CommitsThatNeverEndArePushedEveryTenSeconds) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);

  for (int i = 1; i <= 300; ++i) {  // 15 s
    put(backend_set("a", std::to_string(i)));
    scheduler_.advance(50ms);
    sidecar_.settle(*hub_);
  }

  EXPECT_EQ(sidecar_.replica_.applied(), 3);  // at first, the one that came alone, the others after 10 s
}

TEST_F(WatchScaleTest, AnAnswerDoesNotPullWhatIsStillDebounced) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);
  put(backend_set("a", "9"));
  flush();
  put(backend_set("a", "10"));

  sidecar_.settle(*hub_);
  EXPECT_EQ(sidecar_.replica_.applied(), 2);
  flush();
  sidecar_.settle(*hub_);

  EXPECT_EQ(sidecar_.replica_.applied(), 3);
  EXPECT_EQ(sidecar_.replica_.version(), store_->version());
}

TEST_F(WatchScaleTest, WhoComesGetsTheNewestAtOnce) {
  put(backend_set("a", "9"));

  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);

  EXPECT_EQ(sidecar_.replica_.version(), store_->version());
}

TEST_F(WatchScaleTest, NewcomersDoNotPutOffThePushToOthers) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);
  for (int i = 1; i <= 210; ++i) {  // 10.5 s
    put(backend_set("a", std::to_string(i)));
    auto newcomer = make("new" + std::to_string(i));
    newcomer->start(*hub_);
    newcomer->stop(*hub_);
    scheduler_.advance(50ms);
  }

  sidecar_.settle(*hub_);

  EXPECT_GE(sidecar_.replica_.applied(), 2);
}

TEST_F(WatchScaleTest, AFirstBatchWaitsUntilAnotherIsAnswered) {
  start_narrow_hub();
  auto second = make("n2");
  sidecar_.start(*hub_);
  second->start(*hub_);
  EXPECT_TRUE(second->lines_.empty());

  sidecar_.settle(*hub_);
  second->settle(*hub_);

  EXPECT_EQ(second->replica_.applied(), 1);
}

TEST_F(WatchScaleTest, AFirstBatchDoesNotWaitForWhoLeft) {
  start_narrow_hub();
  auto second = make("n2");
  sidecar_.start(*hub_);
  second->start(*hub_);

  sidecar_.stop(*hub_);
  second->settle(*hub_);

  EXPECT_EQ(second->replica_.applied(), 1);
}

TEST_F(WatchScaleTest, WhoRefusesItsFirstBatchKeepsNoPlace) {
  start_narrow_hub();
  auto second = make("n2");
  sidecar_.start(*hub_);
  second->start(*hub_);

  sidecar_.read(*hub_);
  hub_->on_message(*sidecar_.subscriber_, sidecar_.replica_.nack());
  second->settle(*hub_);

  EXPECT_EQ(second->replica_.applied(), 1);
}

TEST_F(WatchScaleTest, WhoNeverAnswersDelaysOthersByTheLeastRateOnly) {
  start_narrow_hub(1);
  auto second = make("n2");
  sidecar_.start(*hub_);
  second->start(*hub_);

  scheduler_.advance(1100ms);
  second->settle(*hub_);

  EXPECT_EQ(second->replica_.applied(), 1);
}

TEST_F(WatchScaleTest, WhoWaitsHearsHeartbeats) {
  start_narrow_hub();
  auto second = make("n2");
  sidecar_.start(*hub_);
  second->start(*hub_);

  scheduler_.advance(6s);
  second->read(*hub_);

  EXPECT_GE(second->replica_.heartbeats().size(), 1U);
  EXPECT_EQ(second->replica_.applied(), 0);
}

TEST_F(WatchScaleTest, WhoHoldsTheContentAlreadyDoesNotWait) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);
  sidecar_.stop(*hub_);
  start_narrow_hub();
  auto other = make("n2");
  other->start(*hub_);

  sidecar_.start(*hub_);

  EXPECT_EQ(status().state, NodeState::kLive);
}

TEST_F(WatchScaleTest, ALaterBatchIsNotAFirstOne) {
  start_narrow_hub();
  auto second = make("n2");
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);
  second->start(*hub_);  // holds the only place

  put(backend_set("a", "9"));
  flush();
  sidecar_.settle(*hub_);

  EXPECT_EQ(sidecar_.replica_.applied(), 2);
}

TEST_F(WatchScaleTest, AHerdIsToldWhenToComeBack) {
  start_narrow_hub(0, 1);
  auto second = make("n2");
  auto late = make("n3");
  sidecar_.start(*hub_);
  second->start(*hub_);

  late->connect(*hub_);
  late->read(*hub_);

  EXPECT_EQ(late->subscriber_, nullptr);
  EXPECT_EQ(late->closed_->reason, Reason::kRateLimited);
  ASSERT_TRUE(late->replica_.retry_after().has_value());
  EXPECT_GE(late->replica_.retry_after()->after, 1s);
  EXPECT_LE(late->replica_.retry_after()->after, 2s);
}

TEST_F(WatchScaleTest, AWaitIsAnsweredSoonWithManySidecars) {
  std::vector<std::unique_ptr<WatchingSidecar>> many;
  for (int i = 0; i < 1200; ++i) {  // more than are pumped in one turn
    many.push_back(make("n" + std::to_string(i)));
    many.back()->start(*hub_);
    many.back()->settle(*hub_);
  }
  put(backend_set("a", "9"));
  std::optional<WaitResult> result;
  Pending wait = hub_->wait(store_->version(), 1min, [&result](WaitResult r) { result = std::move(r); });
  flush();

  for (auto& sidecar : many) sidecar->settle(*hub_);
  scheduler_.advance(10ms);

  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->end, WaitResult::End::kReached);
}

TEST_F(WatchScaleTest, ANewerStreamOfTheSameSidecarEndsTheOlder) {
  WatchingSidecar older("n1", "one");
  WatchingSidecar other("n1", "two");
  older.start(*hub_);
  other.start(*hub_);
  sidecar_.instance_ = "one";

  sidecar_.start(*hub_);

  ASSERT_TRUE(older.closed_.has_value());
  EXPECT_EQ(older.closed_->reason, Reason::kConflict);
  EXPECT_FALSE(other.closed_.has_value());
  EXPECT_FALSE(sidecar_.closed_.has_value());
}

TEST_F(WatchScaleTest, AnOldStreamIsAskedOnceToComeAnew) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);
  auto pass = [this](Duration time) {
    for (MonoTime end = scheduler_.now() + time; scheduler_.now() < end;) {
      scheduler_.advance(5s);
      sidecar_.settle(*hub_);
    }
  };

  pass(20min - 10s);
  EXPECT_EQ(sidecar_.replica_.drains(), 0);
  pass(10min + 10s);
  EXPECT_EQ(sidecar_.replica_.drains(), 1);
  pass(30min);

  EXPECT_EQ(sidecar_.replica_.drains(), 1);
  EXPECT_EQ(hub_->sent_away().age, 1U);
  EXPECT_EQ(hub_->sent_away().imbalance, 0U);
}

TEST_F(WatchScaleTest, WhoHasMoreThanItsShareAsksTheOldestToLeave) {
  WatchHub::Options options;
  options.rebalance.least = 1;
  start_hub(options);
  hub_->set_synced();
  std::vector<std::unique_ptr<WatchingSidecar>> many;
  for (const char* node : {"n4", "n3", "n2"}) {
    many.push_back(make(node));
    many.back()->start(*hub_);
    many.back()->settle(*hub_);
  }
  registry_.on_replica("another", scheduler_.wall());
  auto drains = [&](Duration time) {
    std::vector<int> out;
    scheduler_.advance(time);
    for (auto& sidecar : many) sidecar->read(*hub_);
    for (auto& sidecar : many) out.push_back(sidecar->replica_.drains());
    return out;
  };

  EXPECT_EQ(drains(60s), (std::vector<int>{0, 0, 0}));
  EXPECT_EQ(drains(1s), (std::vector<int>{1, 0, 0}));
  EXPECT_EQ(drains(5s), (std::vector<int>{1, 1, 0}));
  EXPECT_EQ(hub_->sent_away().imbalance, 2U);
  EXPECT_EQ(hub_->sent_away().age, 0U);
}

TEST_F(WatchScaleTest, WhoIsAloneKeepsItsStreams) {
  WatchHub::Options options;
  options.rebalance.least = 1;
  start_hub(options);
  hub_->set_synced();
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);

  for (int i = 0; i < 60; ++i) {
    scheduler_.advance(5s);
    sidecar_.settle(*hub_);
  }

  EXPECT_EQ(sidecar_.replica_.drains(), 0);
}

class WatchPassTest : public WatchScaleTest {
 protected:
  // The last one alone wants what changes.
  void start_many() {
    start_hub();
    hub_->set_synced();
    hub_->set_flush([this] { flushed(); });
    for (const char* node : {"n1", "n2", "n3", "n4"}) {
      many_.push_back(make(node));
      if (many_.size() < 4) many_.back()->wants_ = {service_key("b")};
      many_.back()->start(*hub_);
      many_.back()->settle(*hub_);
    }
  }
  void flushed() {
    if (on_flush_) on_flush_();
  }
  std::vector<std::unique_ptr<WatchingSidecar>> many_;
  std::function<void()> on_flush_;
};

TEST_F(WatchPassTest, ThoseWhomAChangeConcernsDoNotWaitForTheOthers) {
  start_many();
  std::vector<bool> has_lines;
  on_flush_ = [&] { has_lines.push_back(!many_[3]->lines_.empty()); };

  put(backend_set("a", "9"));
  scheduler_.advance(10ms);

  ASSERT_EQ(has_lines.size(), 5U);  // everybody, and the last one twice
  EXPECT_TRUE(has_lines.front());
}

TEST_F(WatchPassTest, WhoLeavesOrComesInAPassDoesNotStopIt) {
  start_many();
  sidecar_.wants_ = {service_key("a")};
  bool is_done = false;
  on_flush_ = [&] {
    if (std::exchange(is_done, true)) return;
    many_[0]->stop(*hub_);
    many_[3]->stop(*hub_);
    sidecar_.start(*hub_);
  };

  put(backend_set("a", "9"));
  scheduler_.advance(10ms);
  sidecar_.settle(*hub_);

  EXPECT_EQ(sidecar_.replica_.version(), store_->version());
  EXPECT_TRUE(hub_->is_reached(store_->version()));
}

// More than one slice of a pass; what they run is the newest version, though they get nothing.
TEST_F(WatchScaleTest, AChangeOfEndpointsIsReachedByThoseWhomItDoesNotConcern) {
  std::vector<std::unique_ptr<WatchingSidecar>> many;
  for (int i = 0; i < 1200; ++i) {
    many.push_back(make("n" + std::to_string(i)));
    if (i != 1199) many.back()->wants_ = {service_key("b")};
    many.back()->start(*hub_);
    many.back()->settle(*hub_);
  }
  put(backend_set("a", "9"));

  scheduler_.advance(20ms);  // before the first heartbeats
  for (size_t i = 0; i < many.size(); ++i) EXPECT_EQ(many[i]->lines_.empty(), i != 1199) << i;
  EXPECT_FALSE(hub_->is_reached(store_->version()));
  many.back()->settle(*hub_);

  EXPECT_TRUE(hub_->is_reached(store_->version()));
}

TEST_F(WatchScaleTest, WhoComesAnewAfterADrainIsNotResynced) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);
  hub_->drain();
  sidecar_.settle(*hub_);
  sidecar_.stop(*hub_);

  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);

  EXPECT_EQ(sidecar_.replica_.applied(), 1);
  EXPECT_EQ(status().state, NodeState::kLive);
}
}  // namespace
}  // namespace heddle
