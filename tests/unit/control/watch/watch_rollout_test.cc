// A rollout as sidecars see it: the keeper, the hub and two sidecars, on a manual clock.
#include "control/plan/rollout_keeper.h"
#include "lib/config/content_hash.h"
#include "tests/unit/control/watch/hub_rig.h"

namespace heddle {
namespace {
constexpr std::string_view kRoute = "HTTPRoute/default/r";

Envelope route_to(std::string_view set) {
  return envelope(str_cat(
      R"({"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute","metadata":{"name":"r","namespace":"default"},)",
      R"("spec":{"parentRefs":[{"group":"","kind":"Service","name":"a"}],"rules":[{"backendRefs":[)",
      R"({"group":"heddle.dev","kind":"BackendSet","name":")", set, R"("}]}]}})"));
}
RolloutSpec stages(std::initializer_list<std::string_view> texts) {
  RolloutSpec out;
  for (std::string_view text : texts) out.stages.push_back(*parse_stage(text));
  return out;
}

class WatchRolloutTest : public WatchHubTest {
 protected:
  WatchRolloutTest() {
    sidecar_.wants_ = other_.wants_ = {service_key("a")};
    make_keeper();
    for (WatchingSidecar* one : {&sidecar_, &other_}) one->start(*hub_);
    settle();
  }
  void make_keeper() {
    keeper_.reset();
    keeper_ = std::make_unique<RolloutKeeper>(RolloutKeeper::Parts{
        *store_.store, registry_, scheduler_, leader_,
        [this](const View&) { return unfit_ ? Result<void>(*unfit_) : Result<void>(); },
        [this](std::string state, Ledger::Done done) -> Pending {
          if (is_disk_full_) {
            done(make_error(Reason::kIo, "full"));
            return nullptr;
          }
          saved_ = std::move(state);
          done({});
          return nullptr;
        },
        [this] { hub_->on_staged_changed(); },
        [this](std::string_view type, std::string_view, const Result<void>&) { audited_.emplace_back(type); }});
    hub_->set_staged(keeper_.get());
  }
  Result<void> begin(RolloutSpec spec, CommitRequest change) {
    std::optional<Result<void>> out;
    keeper_->start(std::move(spec), std::move(change), [&out](Result<void> kept) { out = std::move(kept); });
    return out.value_or(make_error(Reason::kTimeout, "the keeper did not answer"));
  }
  Result<void> step(RolloutStep step) {
    std::optional<Result<void>> out;
    keeper_->step(step, "me", [&out](Result<void> kept) { out = std::move(kept); });
    return out.value_or(make_error(Reason::kTimeout, "the keeper did not answer"));
  }
  Result<void> start(RolloutSpec spec = stages({"node=n1", "100%"})) {
    Result<void> started = begin(std::move(spec), {{PutOperation{route_to("b")}}, "me"});
    run();
    return started;
  }
  // What is due now, read and acknowledged by everybody.
  void run(Duration by = 1ms) {
    scheduler_.advance(by);
    store_.clock.advance(Duration(0));  // what is committed
    settle();
    scheduler_.advance(1ms);
    settle();
  }
  void settle() {
    for (WatchingSidecar* one : {&sidecar_, &other_}) {
      if (one->subscriber_ != nullptr) one->settle(*hub_);
    }
  }
  // A second of the keeper's: the sidecars of the stage run it, or a report is looked at.
  void look() { run(RolloutKeeper::kLookEvery); }
  void report(WatchingSidecar& from, uint64_t requests, uint64_t errors) {
    SidecarTraffic traffic;
    traffic.outbound.requests = requests;
    traffic.outbound.errors = errors;
    hub_->on_message(*from.subscriber_, WatchReport{to_counters(traffic), 0s});
  }
  // Both work for so long; of the 100 requests that each has in 5 s, so many fail at the one with the change.
  void traffic(Duration time, uint64_t errors) {
    for (Duration passed{}; passed < time && phase() != RolloutPhase::kPromoted; passed += 5s) {
      ++reports_;
      report(sidecar_, 100 * reports_, errors * reports_);
      report(other_, 100 * reports_, 0);
      for (int i = 0; i < 5; ++i) look();
    }
  }
  RolloutPhase phase() const { return keeper_->state()->phase(); }
  const std::string& reason() const { return keeper_->state()->reason(); }
  static bool has_route(const WatchingSidecar& one) { return one.replica_.content().contains(std::string(kRoute)); }
  NodeState state_of(const WatchingSidecar& one) {
    return registry_.find({"spiffe://cluster.local/ns/default/sa/web", one.node_})->state;
  }

  WatchingSidecar other_{"n2"};
  SoleLeader leader_;
  std::unique_ptr<RolloutKeeper> keeper_;
  std::optional<Error> unfit_;
  std::string saved_;
  bool is_disk_full_ = false;
  std::vector<std::string> audited_;
  uint64_t reports_ = 0;
};

TEST_F(WatchRolloutTest, OnlyTheCohortGetsTheChangeAndTheNumberStays) {
  Version before = store_->version();

  ASSERT_TRUE(start().has_value());

  EXPECT_TRUE(has_route(sidecar_));
  EXPECT_FALSE(has_route(other_));
  EXPECT_EQ(store_->version(), before);
  EXPECT_EQ(sidecar_.replica_.version(), before);
  EXPECT_EQ(sidecar_.replica_.begins().back().kind, BatchKind::kDelta);
  EXPECT_EQ(sidecar_.replica_.begins().back().from, before);
  EXPECT_EQ(other_.replica_.applied(), 1);
  EXPECT_EQ(hub_->min_runs(), before) << "who waits for a version does not wait for a rollout";
  EXPECT_EQ(state_of(sidecar_), NodeState::kLive);
}

TEST_F(WatchRolloutTest, WhoWaitsForAVersionIsNotHeldUpByTheChange) {
  ASSERT_TRUE(begin(stages({"node=n1", "100%"}), {{PutOperation{route_to("b")}}, "me"}).has_value());
  scheduler_.advance(1ms);  // offered, not acknowledged

  EXPECT_EQ(state_of(sidecar_), NodeState::kBehind);
  EXPECT_EQ(hub_->min_runs(), store_->version());
}

TEST_F(WatchRolloutTest, NewVersionsReachEverybodyUnderTheChange) {
  ASSERT_TRUE(start().has_value());

  put(backend_set("a", "9"));
  run(10ms);

  EXPECT_TRUE(has_route(sidecar_));
  EXPECT_FALSE(has_route(other_));
  for (const WatchingSidecar* one : {&sidecar_, &other_}) {
    EXPECT_NE(one->replica_.content().at("BackendSet/default/a").find("\"port\":9"), std::string::npos);
    EXPECT_EQ(one->replica_.version(), store_->version());
  }
  EXPECT_EQ(hub_->min_runs(), store_->version());
}

TEST_F(WatchRolloutTest, AbortBringsEverybodyToTheNewestVersion) {
  ASSERT_TRUE(start().has_value());
  put(backend_set("a", "9"));
  run(10ms);

  ASSERT_TRUE(step(RolloutStep::kAbort).has_value());
  run();

  EXPECT_EQ(phase(), RolloutPhase::kAborted);
  EXPECT_EQ(sidecar_.replica_.content(), other_.replica_.content());
  EXPECT_EQ(sidecar_.replica_.begins().back().kind, BatchKind::kDelta) << "no resync";
  EXPECT_EQ(hub_->min_runs(), store_->version());
  EXPECT_EQ(store_->view().find(*ResourceKey::parse(kRoute)), nullptr);
}

TEST_F(WatchRolloutTest, AGoodChangeBecomesAVersionAndItsCohortNeedsNoBatch) {
  Version before = store_->version();
  ASSERT_TRUE(start().has_value());
  int applied = sidecar_.replica_.applied();

  traffic(60s, 0);

  EXPECT_EQ(phase(), RolloutPhase::kPromoted);
  EXPECT_EQ(store_->version().sequence, before.sequence + 1);
  EXPECT_EQ(keeper_->state()->version(), store_->version());
  EXPECT_EQ(sidecar_.replica_.applied(), applied) << "it holds the content already";
  EXPECT_TRUE(has_route(other_));
  EXPECT_EQ(sidecar_.replica_.content(), other_.replica_.content());
  EXPECT_EQ(hub_->min_runs(), store_->version());
  EXPECT_EQ(audited_, (std::vector<std::string>{"rollout-promote", "rollout-promoted"}));
}

TEST_F(WatchRolloutTest, ABadChangeIsRolledBackByItself) {
  Version before = store_->version();
  ASSERT_TRUE(start().has_value());

  traffic(25s, 40);

  EXPECT_EQ(phase(), RolloutPhase::kRolledBack);
  EXPECT_NE(reason().find("outbound error rate is 40.00%"), std::string::npos) << reason();
  EXPECT_FALSE(has_route(sidecar_));
  EXPECT_EQ(store_->version(), before);
  EXPECT_EQ(audited_, std::vector<std::string>{"rollout-rollback"});
}

TEST_F(WatchRolloutTest, ASidecarThatRefusesTheChangeRollsItBack) {
  ASSERT_TRUE(begin(stages({"node=n1", "100%"}), {{PutOperation{route_to("b")}}, "me"}).has_value());
  scheduler_.advance(1ms);
  ASSERT_TRUE(sidecar_.read(*hub_));
  hub_->on_message(*sidecar_.subscriber_, sidecar_.replica_.nack());
  look();

  EXPECT_EQ(phase(), RolloutPhase::kRolledBack);
  EXPECT_EQ(reason(), "n1 refused it: spec: the test refuses it");
  run(2s);
  EXPECT_EQ(state_of(sidecar_), NodeState::kLive);
}

TEST_F(WatchRolloutTest, PausedItStaysUntilSomebodyGoesOn) {
  ASSERT_TRUE(start().has_value());
  ASSERT_TRUE(step(RolloutStep::kPause).has_value());

  traffic(60s, 50);
  EXPECT_EQ(phase(), RolloutPhase::kPaused);
  EXPECT_TRUE(has_route(sidecar_));
  ASSERT_TRUE(step(RolloutStep::kPromote).has_value());
  look();

  EXPECT_EQ(phase(), RolloutPhase::kPromoted);
  EXPECT_TRUE(has_route(other_));
}

TEST_F(WatchRolloutTest, WithoutTrafficItWaitsAndThenAsksSomebody) {
  ASSERT_TRUE(start().has_value());

  for (int i = 0; i < 200; ++i) look();
  EXPECT_EQ(phase(), RolloutPhase::kWatching);
  EXPECT_NE(keeper_->progress().judgement.why.find("only 0 of 100"), std::string::npos);
  for (int i = 0; i < 110; ++i) look();

  EXPECT_EQ(phase(), RolloutPhase::kPaused);
  EXPECT_NE(reason().find("heddle rollout promote"), std::string::npos) << reason();
}

TEST_F(WatchRolloutTest, GoesOnAfterARestartWithoutAResync) {
  ASSERT_TRUE(start().has_value());
  look();
  ASSERT_EQ(phase(), RolloutPhase::kWatching);
  int applied = sidecar_.replica_.applied();
  for (WatchingSidecar* one : {&sidecar_, &other_}) one->stop(*hub_);

  start_hub();
  make_keeper();
  ASSERT_TRUE(keeper_->restore(saved_).has_value());
  for (WatchingSidecar* one : {&sidecar_, &other_}) one->start(*hub_);
  hub_->set_synced();
  settle();

  EXPECT_EQ(phase(), RolloutPhase::kPending);
  EXPECT_TRUE(has_route(sidecar_));
  EXPECT_EQ(sidecar_.replica_.applied(), applied);
  traffic(60s, 0);
  EXPECT_EQ(phase(), RolloutPhase::kPromoted);
  EXPECT_EQ(sidecar_.replica_.applied(), applied);
}

TEST_F(WatchRolloutTest, AfterARestartBehindTheCommitItIsPromoted) {
  ASSERT_TRUE(start().has_value());
  put(route_to("b"));  // as a commit whose end nobody saw

  EXPECT_EQ(phase(), RolloutPhase::kPromoted);
  EXPECT_EQ(keeper_->state()->version(), store_->version());
}

TEST_F(WatchRolloutTest, WhatNoLongerFitsIsRolledBack) {
  ASSERT_TRUE(start().has_value());
  unfit_ = make_error(Reason::kConflict, "no BackendSet b");

  put(backend_set("a", "9"));
  run(10ms);

  EXPECT_EQ(phase(), RolloutPhase::kRolledBack);
  EXPECT_NE(reason().find("no BackendSet b"), std::string::npos) << reason();
  EXPECT_FALSE(has_route(sidecar_));
}

TEST_F(WatchRolloutTest, NothingElseChangesWhatItChanges) {
  ASSERT_TRUE(start().has_value());
  View with_route = store_->preview(CommitRequest{{PutOperation{route_to("a")}}})->after;
  View with_set = store_->preview(CommitRequest{{PutOperation{backend_set("a", "7")}}})->after;

  EXPECT_TRUE(keeper_->admit(with_set).has_value());
  Result<void> refused = keeper_->admit(with_route);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, Reason::kConflict);
  EXPECT_NE(refused.error().detail.find("promote or abort"), std::string::npos);
  ASSERT_TRUE(step(RolloutStep::kAbort).has_value());
  EXPECT_TRUE(keeper_->admit(with_route).has_value());
}

TEST_F(WatchRolloutTest, EndpointsAreNeverStagedUnlessTheyStayAsTheyAre) {
  Transaction all{PutOperation{backend_set("a")}, PutOperation{route_to("b")}};
  Transaction moved{PutOperation{backend_set("a", "7")}, PutOperation{route_to("b")}};

  Result<void> refused = begin(stages({"1%", "100%"}), {moved, "me"});
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().detail.find("BackendSet/default/a"), std::string::npos);
  ASSERT_TRUE(begin(stages({"1%", "100%"}), {all, "me"}).has_value());
  EXPECT_EQ(keeper_->state()->changes().size(), 1U);
}

TEST_F(WatchRolloutTest, ThereIsOneAtATimeAndSomethingToRollOut) {
  EXPECT_FALSE(begin(stages({"1%", "100%"}), {{PutOperation{backend_set("a")}}, "me"}).has_value());
  EXPECT_FALSE(step(RolloutStep::kAbort).has_value());
  ASSERT_TRUE(start().has_value());

  Result<void> second = start();

  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().reason, Reason::kConflict);
}

TEST_F(WatchRolloutTest, ASmallShareOfASmallMeshIsSomebody) {
  ASSERT_TRUE(start(stages({"0.01%", "100%"})).has_value());
  look();
  run();

  EXPECT_NE(has_route(sidecar_), has_route(other_));
}

TEST_F(WatchRolloutTest, OnlyThoseItConcernsAreEvidence) {
  WatchingSidecar third{"n3"};
  third.wants_ = {service_key("b")};
  third.start(*hub_);
  third.settle(*hub_);
  ASSERT_TRUE(start(stages({"node=n1+namespace=default", "node=n3", "100%"})).has_value());
  ASSERT_TRUE(step(RolloutStep::kPromote).has_value());
  run();
  look();

  EXPECT_EQ(keeper_->progress().members, 1U) << "n3 is in the stage and asks for nothing that changes";
  EXPECT_EQ(keeper_->progress().others, 1U);
  third.stop(*hub_);
}

TEST_F(WatchRolloutTest, AStageOfNobodyAsksSomebody) {
  ASSERT_TRUE(start(stages({"node=n7", "100%"})).has_value());

  for (int i = 0; i < 50; ++i) look();
  EXPECT_EQ(phase(), RolloutPhase::kPending);
  for (int i = 0; i < 20; ++i) look();

  EXPECT_EQ(phase(), RolloutPhase::kPaused);
  EXPECT_NE(reason().find("no connected sidecar"), std::string::npos) << reason();
}

TEST_F(WatchRolloutTest, WhatCannotBeKeptIsNotBegun) {
  is_disk_full_ = true;

  EXPECT_FALSE(start().has_value());

  EXPECT_FALSE(keeper_->state().has_value());
  EXPECT_FALSE(has_route(sidecar_));
}

// Others read the same document: nothing counts that is not in it.
TEST_F(WatchRolloutTest, AStepOfItsOwnThatCannotBeKeptIsTriedAgain) {
  ASSERT_TRUE(start().has_value());
  is_disk_full_ = true;

  traffic(60s, 40);
  EXPECT_EQ(phase(), RolloutPhase::kWatching);
  EXPECT_TRUE(has_route(sidecar_));
  EXPECT_TRUE(keeper_->is_failing());
  EXPECT_GT(keeper_->failed_writes(), 5U);
  EXPECT_NE(keeper_->progress().judgement.why.find("tried again: full"), std::string::npos);
  EXPECT_EQ(audited_, std::vector<std::string>{"rollout-rollback"}) << "not each second";

  is_disk_full_ = false;
  look();
  EXPECT_EQ(phase(), RolloutPhase::kRolledBack);
  EXPECT_FALSE(keeper_->is_failing());
  run();
  EXPECT_FALSE(has_route(sidecar_));
  EXPECT_EQ(audited_.size(), 2U);
}

TEST_F(WatchRolloutTest, WhatNoLongerFitsIsTakenBackAlsoWhileThatCannotBeKept) {
  ASSERT_TRUE(start().has_value());
  unfit_ = make_error(Reason::kConflict, "no BackendSet b");
  is_disk_full_ = true;

  put(backend_set("a", "9"));
  run(10ms);
  EXPECT_TRUE(keeper_->is_running());
  EXPECT_FALSE(has_route(sidecar_));
  is_disk_full_ = false;
  look();

  EXPECT_EQ(phase(), RolloutPhase::kRolledBack);
}

// As when another control plane took it before it heard of the rollout.
TEST_F(WatchRolloutTest, WhatWasChangedBesideItIsNotWrittenOver) {
  ASSERT_TRUE(start().has_value());

  put(route_to("a"));
  run(10ms);

  EXPECT_EQ(phase(), RolloutPhase::kRolledBack);
  EXPECT_NE(reason().find("HTTPRoute/default/r was changed beside it"), std::string::npos) << reason();
  EXPECT_EQ(sidecar_.replica_.content(), other_.replica_.content());
}

// The commit is known at once, its push comes later: what sidecars say in between must not bring the old content back.
TEST_F(WatchRolloutTest, AtThePromotionNobodyGetsTheOldContentBack) {
  ASSERT_TRUE(start().has_value());
  size_t of_cohort = sidecar_.replica_.begins().size();
  size_t of_rest = other_.replica_.begins().size();
  ASSERT_TRUE(step(RolloutStep::kPromote).has_value());
  scheduler_.advance(0ms);  // the last stage is offered to the rest
  ASSERT_TRUE(other_.read(*hub_));
  store_.clock.advance(0ms);  // committed; nothing of the hub's time has passed
  ASSERT_EQ(phase(), RolloutPhase::kPromoted);

  hub_->on_message(*sidecar_.subscriber_, WatchWant{});
  hub_->on_writable(*sidecar_.subscriber_);
  hub_->on_message(*other_.subscriber_, other_.replica_.ack());
  settle();
  run(100ms);
  run(10s);

  EXPECT_EQ(sidecar_.replica_.begins().size(), of_cohort) << "it holds the content already";
  EXPECT_EQ(other_.replica_.begins().size(), of_rest + 1);
  for (const WatchingSidecar* one : {&sidecar_, &other_}) EXPECT_TRUE(has_route(*one));
  EXPECT_EQ(hub_->min_runs(), store_->version());
}

TEST_F(WatchRolloutTest, ACommitDoesNotHoldUpTheChange) {
  ASSERT_TRUE(begin(stages({"node=n1", "100%"}), {{PutOperation{route_to("b")}}, "me"}).has_value());

  put(backend_set("b", "9"));
  put(backend_set("b", "10"));
  scheduler_.advance(0ms);
  settle();

  EXPECT_TRUE(has_route(sidecar_));
}

TEST_F(WatchRolloutTest, WhoComesDuringARolloutSharesWhatItsCohortHolds) {
  ASSERT_TRUE(start().has_value());
  WatchingSidecar twin("n1", "two");
  twin.wants_ = sidecar_.wants_;

  twin.start(*hub_);
  twin.settle(*hub_);

  EXPECT_TRUE(has_route(twin));
  EXPECT_EQ(twin.subscriber_->target(), sidecar_.subscriber_->target()) << "its hello made nothing anew";
  twin.stop(*hub_);
}

TEST_F(WatchRolloutTest, ANewRolloutIsNotWhatTheOneBeforeWas) {
  ASSERT_TRUE(start().has_value());
  ASSERT_TRUE(step(RolloutStep::kAbort).has_value());
  run();

  ASSERT_TRUE(begin(stages({"node=n1", "100%"}), {{PutOperation{route_to("a")}}, "me"}).has_value());
  run();

  EXPECT_NE(sidecar_.replica_.content().at(std::string(kRoute)).find(R"("kind":"BackendSet","name":"a")"),
            std::string::npos)
      << sidecar_.replica_.content().at(std::string(kRoute));
}

TEST_F(WatchRolloutTest, AnExpectedVersionIsCheckedOnceWhenItBegins) {
  put(route_to("a"));
  run(10s);
  Version seen = store_->version();
  Transaction changes{PutOperation{route_to("b"), seen}};
  Transaction stale{PutOperation{route_to("b"), Version{1, 1}}};
  Result<void> refused = begin(stages({"node=n1", "100%"}), {stale, "me"});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, Reason::kConflict);

  ASSERT_TRUE(begin(stages({"node=n1", "100%"}), {changes, "me"}).has_value());
  run();
  ASSERT_TRUE(step(RolloutStep::kPromote).has_value());
  look();

  EXPECT_EQ(phase(), RolloutPhase::kPromoted) << reason();
  EXPECT_EQ(store_->version().sequence, seen.sequence + 1);
  EXPECT_EQ(keeper_->state()->version(), store_->version());
}

TEST_F(WatchRolloutTest, WhoMissedTheAbortGetsWhatEverybodyHas) {
  ASSERT_TRUE(start().has_value());
  sidecar_.stop(*hub_);
  ASSERT_TRUE(step(RolloutStep::kAbort).has_value());
  run();

  sidecar_.start(*hub_);
  settle();

  EXPECT_EQ(sidecar_.replica_.content(), other_.replica_.content());
}
}  // namespace
}  // namespace heddle
