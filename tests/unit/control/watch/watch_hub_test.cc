#include "tests/unit/control/watch/hub_rig.h"

namespace heddle {
namespace {
TEST_F(WatchHubTest, ANewSidecarGetsASnapshotOfItsScope) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);

  ASSERT_EQ(sidecar_.replica_.begins().size(), 1U);
  EXPECT_EQ(sidecar_.replica_.begins()[0].kind, BatchKind::kSnapshot);
  EXPECT_EQ(sidecar_.replica_.content().size(), 2U);
  EXPECT_EQ(sidecar_.replica_.version(), store_->version());
  EXPECT_EQ(status().state, NodeState::kLive);
}

TEST_F(WatchHubTest, AnEmptyScopeIsASnapshotToo) {
  sidecar_.wants_ = {};
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);

  EXPECT_EQ(sidecar_.replica_.version(), store_->version());
  EXPECT_TRUE(sidecar_.replica_.content().empty());
}

TEST_F(WatchHubTest, AChangeIsADeltaFromWhatWasAcknowledged) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);

  put(backend_set("a", "9"));
  flush();
  sidecar_.settle(*hub_);

  ASSERT_EQ(sidecar_.replica_.begins().size(), 2U);
  EXPECT_EQ(sidecar_.replica_.begins()[1].kind, BatchKind::kDelta);
  EXPECT_EQ(sidecar_.replica_.version(), store_->version());
}

TEST_F(WatchHubTest, NothingIsPushedBeforeTheSourcesAreSynced) {
  start_hub();
  sidecar_.start(*hub_);
  scheduler_.advance(1min);
  EXPECT_TRUE(sidecar_.lines_.empty());

  hub_->set_synced();
  sidecar_.settle(*hub_);

  EXPECT_EQ(sidecar_.replica_.applied(), 1);
}

TEST_F(WatchHubTest, ResumesWithoutAResyncWhenNothingChanged) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);
  sidecar_.stop(*hub_);
  put(backend_set("b", "9"));

  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);
  scheduler_.advance(5s);
  sidecar_.read(*hub_);

  EXPECT_EQ(sidecar_.replica_.begins().size(), 1U);
  ASSERT_EQ(sidecar_.replica_.heartbeats().size(), 1U);
  EXPECT_EQ(sidecar_.replica_.heartbeats()[0].runs, store_->version());
  EXPECT_EQ(status().state, NodeState::kLive);
}

TEST_F(WatchHubTest, ResumesWithoutAResyncWhenItComesBeforeTheSync) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);
  sidecar_.stop(*hub_);
  start_hub();

  sidecar_.start(*hub_);
  hub_->set_synced();
  sidecar_.settle(*hub_);

  EXPECT_EQ(sidecar_.replica_.begins().size(), 1U);
}

TEST_F(WatchHubTest, ResumesWithADeltaWhereTheLogRemembers) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);
  sidecar_.stop(*hub_);
  put(backend_set("a", "9"));

  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);

  ASSERT_EQ(sidecar_.replica_.begins().size(), 2U);
  EXPECT_EQ(sidecar_.replica_.begins()[1].kind, BatchKind::kDelta);
}

TEST_F(WatchHubTest, ResumesWithASnapshotBehindCompaction) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);
  sidecar_.stop(*hub_);
  put(backend_set("a", "9"));
  store_->compact(store_->version());

  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);

  ASSERT_EQ(sidecar_.replica_.begins().size(), 2U);
  EXPECT_EQ(sidecar_.replica_.begins()[1].kind, BatchKind::kSnapshot);
}

TEST_F(WatchHubTest, AHashThatNobodyKnowsMeansASnapshot) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);
  sidecar_.stop(*hub_);
  WatchHello hello = sidecar_.replica_.hello("n1", sidecar_.wants_);
  hello.hash = std::string(64, '0');

  sidecar_.connect(*hub_);
  hub_->on_message(*sidecar_.subscriber_, hello);
  sidecar_.settle(*hub_);

  EXPECT_EQ(sidecar_.replica_.begins().back().kind, BatchKind::kSnapshot);
}

TEST_F(WatchHubTest, ASlowSidecarIsACursorNotAQueue) {
  sidecar_.window_ = 2;
  sidecar_.start(*hub_);
  for (int i = 1; i <= 50; ++i) {
    put(backend_set("a", std::to_string(i)));
    flush();
  }
  EXPECT_EQ(sidecar_.lines_.size(), 2U);

  sidecar_.settle(*hub_);

  EXPECT_EQ(sidecar_.replica_.applied(), 2);
  EXPECT_EQ(sidecar_.replica_.version(), store_->version());
}

TEST_F(WatchHubTest, CommitsCloseTogetherArePushedAsOne) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);

  for (int i = 1; i <= 5; ++i) put(backend_set("a", std::to_string(i)));
  flush();
  sidecar_.settle(*hub_);

  EXPECT_EQ(sidecar_.replica_.applied(), 2);
}

TEST_F(WatchHubTest, ARefusedVersionIsNotResentUntilTheContentChanges) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);
  put(backend_set("a", "9"));
  flush();
  ASSERT_TRUE(sidecar_.read(*hub_));
  hub_->on_message(*sidecar_.subscriber_, sidecar_.replica_.nack());
  EXPECT_EQ(status().state, NodeState::kRefused);
  EXPECT_EQ(status().nack->errors[0].path, "spec");
  put(backend_set("b", "9"));
  scheduler_.advance(1min);
  EXPECT_EQ(sidecar_.replica_.begins().size(), 2U);

  put(backend_set("a", "10"));
  flush();
  sidecar_.settle(*hub_);

  ASSERT_EQ(sidecar_.replica_.begins().size(), 3U);
  EXPECT_EQ(sidecar_.replica_.begins()[2].from, sidecar_.replica_.begins()[0].to);
  EXPECT_EQ(status().state, NodeState::kLive);
  EXPECT_FALSE(status().nack.has_value());
}

TEST_F(WatchHubTest, AfterARefusalTheNextBatchWaitsASecond) {
  sidecar_.start(*hub_);
  sidecar_.read(*hub_);
  hub_->on_message(*sidecar_.subscriber_, sidecar_.replica_.nack());

  put(backend_set("a", "10"));
  scheduler_.advance(900ms);
  EXPECT_EQ(sidecar_.replica_.begins().size(), 1U);
  EXPECT_TRUE(sidecar_.lines_.empty());
  scheduler_.advance(100ms);
  sidecar_.settle(*hub_);

  EXPECT_EQ(sidecar_.replica_.applied(), 1);
}

TEST_F(WatchHubTest, WhatReturnsToTheOldContentNeedsNoBatch) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);
  put(backend_set("a", "9"));
  put(backend_set("a", "8080"));
  flush();
  sidecar_.settle(*hub_);

  EXPECT_EQ(sidecar_.replica_.applied(), 1);
  EXPECT_EQ(hub_->min_runs(), store_->version());
}

TEST_F(WatchHubTest, WantsAddAndDropServices) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);

  hub_->on_message(*sidecar_.subscriber_, WatchWant{{service_key("b")}, {service_key("a")}});
  sidecar_.settle(*hub_);

  EXPECT_EQ(sidecar_.replica_.content().count("Service/default/b"), 1U);
  EXPECT_EQ(sidecar_.replica_.content().count("Service/default/a"), 0U);
}

TEST_F(WatchHubTest, AWantOfNothingIsAnsweredOnceAndServedWhenItAppears) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);
  hub_->on_message(*sidecar_.subscriber_, WatchWant{{service_key("ghost")}, {}});
  sidecar_.settle(*hub_);
  EXPECT_EQ(sidecar_.replica_.unknown(), std::vector<ResourceKey>{service_key("ghost")});

  put(backend_set("ghost"));
  put(service("ghost"));
  flush();
  sidecar_.settle(*hub_);

  EXPECT_EQ(sidecar_.replica_.unknown().size(), 1U);
  EXPECT_EQ(sidecar_.replica_.content().count("Service/default/ghost"), 1U);
}

TEST_F(WatchHubTest, TooManyWantsEndTheStream) {
  WatchWant want;
  for (size_t i = 0; i < kMaxWants; ++i) want.add.push_back(service_key("s" + std::to_string(i)));
  sidecar_.start(*hub_);

  hub_->on_message(*sidecar_.subscriber_, want);

  ASSERT_TRUE(sidecar_.closed_.has_value());
  EXPECT_EQ(sidecar_.closed_->reason, Reason::kTooManyWants);
}

TEST_F(WatchHubTest, EverythingNeedsAGrant) {
  WatchHello hello{.node = "n1", .software = "x", .scope = WatchScope::kEverything};
  WatchingSidecar replica("n2");
  replica.grant_ = WatchGrant::kEverything;
  sidecar_.connect(*hub_);
  replica.connect(*hub_);

  hub_->on_message(*sidecar_.subscriber_, hello);
  hello.node = "n2";
  hub_->on_message(*replica.subscriber_, hello);
  replica.settle(*hub_);

  EXPECT_EQ(sidecar_.closed_->reason, Reason::kForbidden);
  EXPECT_EQ(replica.replica_.content().size(), 4U);
}

TEST_F(WatchHubTest, AnswersThatNobodyAskedForEndTheStream) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);

  hub_->on_message(*sidecar_.subscriber_, WatchAck{{1, 1}});

  EXPECT_EQ(sidecar_.closed_->reason, Reason::kBadRequest);
}

TEST_F(WatchHubTest, TheFirstMessageMustBeHello) {
  sidecar_.connect(*hub_);

  hub_->on_message(*sidecar_.subscriber_, WatchWant{});

  EXPECT_EQ(sidecar_.closed_->reason, Reason::kBadRequest);
}

TEST_F(WatchHubTest, AnotherSchemaIsRefused) {
  sidecar_.connect(*hub_);

  hub_->on_message(*sidecar_.subscriber_, WatchHello{.schema = 2, .node = "n1", .software = "x"});

  EXPECT_EQ(sidecar_.closed_->reason, Reason::kUnsupported);
}

TEST_F(WatchHubTest, ASecondHelloAsksForASnapshotAfterASecond) {
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);
  hub_->on_message(*sidecar_.subscriber_, WatchHello{.node = "n1", .software = "x", .wants = sidecar_.wants_});
  EXPECT_TRUE(sidecar_.lines_.empty());

  scheduler_.advance(1s);
  sidecar_.settle(*hub_);

  ASSERT_EQ(sidecar_.replica_.begins().size(), 2U);
  EXPECT_EQ(sidecar_.replica_.begins()[1].kind, BatchKind::kSnapshot);
}

TEST_F(WatchHubTest, ANewerStreamOfTheSameSidecarReplacesTheOlder) {
  WatchingSidecar again("n1");
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);

  again.start(*hub_);
  again.settle(*hub_);
  sidecar_.stop(*hub_);

  EXPECT_EQ(sidecar_.closed_->reason, Reason::kConflict);
  EXPECT_EQ(status().state, NodeState::kLive);
  EXPECT_EQ(hub_->min_runs(), store_->version());
}

TEST_F(WatchHubTest, TwoProcessesOfOneNameAreTwoSidecars) {
  WatchingSidecar twin("n1", "b");
  sidecar_.instance_ = "a";
  twin.wants_ = sidecar_.wants_;
  sidecar_.start(*hub_);
  sidecar_.settle(*hub_);

  twin.start(*hub_);

  EXPECT_FALSE(sidecar_.closed_.has_value());
  EXPECT_EQ(registry_.size(), 2U);
  EXPECT_LT(hub_->min_runs(), store_->version()) << "the twin runs nothing yet";

  twin.settle(*hub_);
  EXPECT_EQ(hub_->min_runs(), store_->version());
}

TEST_F(WatchHubTest, AProcessThatReconnectsEndsItsOlderStreamOnly) {
  WatchingSidecar twin("n1", "b");
  WatchingSidecar again("n1", "a");
  sidecar_.instance_ = "a";
  sidecar_.start(*hub_);
  twin.start(*hub_);

  again.start(*hub_);

  EXPECT_EQ(sidecar_.closed_->reason, Reason::kConflict);
  EXPECT_FALSE(twin.closed_.has_value());
  EXPECT_EQ(registry_.size(), 2U);
}

TEST_F(WatchHubTest, ASecondHelloNamesTheSameInstance) {
  sidecar_.instance_ = "a";
  sidecar_.start(*hub_);
  sidecar_.instance_ = "b";

  sidecar_.hello(*hub_);

  EXPECT_EQ(sidecar_.closed_->reason, Reason::kBadRequest);
}

TEST_F(WatchHubTest, EqualChangesShareOneBody) {
  ScopeSet::Ptr empty = make_scope_set({});
  ScopeSet::Ptr full = make_scope_set({store_->view().find(service_key("a"))});
  BatchCache cache;

  BatchBody::Ptr one = cache.body(empty, full);
  BatchBody::Ptr other = cache.body(empty, full);

  EXPECT_EQ(one, other);
  one.reset();
  other.reset();
  EXPECT_TRUE(cache.body(full, empty)->puts.empty());
  EXPECT_EQ(cache.size(), 1U);
}

TEST_F(WatchHubTest, ABodyStaysForOnePass) {
  ScopeSet::Ptr empty = make_scope_set({});
  ScopeSet::Ptr full = make_scope_set({store_->view().find(service_key("a"))});
  BatchCache cache;
  cache.begin_pass();
  std::weak_ptr<const BatchBody> one = cache.body(empty, full);
  std::weak_ptr<const BatchBody> back = cache.body(full, empty);

  EXPECT_EQ(cache.body(empty, full), one.lock());
  EXPECT_FALSE(back.expired());
  BatchBody::Ptr sent = one.lock();
  cache.end_pass();

  EXPECT_TRUE(back.expired());
  EXPECT_EQ(cache.size(), 1U) << "somebody still sends it";
  EXPECT_EQ(cache.body(empty, full), sent);
}
}  // namespace
}  // namespace heddle
