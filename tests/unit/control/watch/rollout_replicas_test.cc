// One rollout, two control planes.
#include "tests/unit/control/watch/rollout_replicas_rig.h"

namespace heddle {
namespace {
TEST_F(RolloutReplicasTest, WhatOneBeginsEachServes) {
  start();

  EXPECT_EQ(to_text(second_.phase()), "pending");
  for (const Replica* one : {&first_, &second_}) {
    EXPECT_TRUE(one->keeper->has({"spiffe://cluster.local/ns/default/sa/web", "n1"}));
    EXPECT_FALSE(one->keeper->has({"spiffe://cluster.local/ns/default/sa/web", "n2"}));
  }
  ResourceKey key = *ResourceKey::parse("HTTPRoute/default/r");
  ASSERT_NE(second_.keeper->staged(), nullptr);
  EXPECT_EQ(second_.keeper->staged()->find(key)->bytes(), first_.keeper->staged()->find(key)->bytes());
  View beside = store_->preview(CommitRequest{{PutOperation{route_to("a")}}})->after;
  EXPECT_FALSE(second_.keeper->admit(beside).has_value());
}

TEST_F(RolloutReplicasTest, NothingCountsBeforeItIsKept) {
  Answer answer;
  begin(first_, answer);

  EXPECT_FALSE(answer.result.has_value());
  EXPECT_FALSE(first_.keeper->state().has_value());
  EXPECT_EQ(first_.keeper->staged(), nullptr);
  document_.answer();
  EXPECT_TRUE(answer.is_kept());
  EXPECT_NE(first_.keeper->staged(), nullptr);
}

TEST_F(RolloutReplicasTest, WhatChangesWhileItIsBegunIsNotWrittenOver) {
  Answer answer;
  begin(first_, answer);
  put(route_to("a"));

  document_.answer();
  EXPECT_EQ(first_.keeper->staged(), nullptr);
  look();

  expect_both(RolloutPhase::kRolledBack);
}

// One begins it; another one, which has not heard of it, takes an apply; who leads hears of the apply first.
class RolloutBesideTest : public RolloutReplicasTest {
 protected:
  void begin_beside(Envelope applied) {
    hand_over();
    begin(first_, answer_);
    document_.keep();
    put(std::move(applied));
  }
  void expect_not_written_over() {
    EXPECT_EQ(second_.keeper->staged(), nullptr);
    document_.settle();
    expect_both(RolloutPhase::kRolledBack);
    EXPECT_NE(second_.keeper->state()->reason().find("HTTPRoute/default/r was changed beside it"), std::string::npos);
    for (int i = 0; i < 3; ++i) look();
    StoredResource::Ptr route = store_->view().find(*ResourceKey::parse("HTTPRoute/default/r"));
    ASSERT_NE(route, nullptr);
    EXPECT_EQ(route->bytes().find(R"("name":"b")"), std::string::npos) << route->bytes();
  }
  Answer answer_;
};

TEST_F(RolloutBesideTest, WhoLeadsDoesNotWriteOverWhatCameBeforeItHeard) {
  put(route_to("a"));
  begin_beside(route_to("c"));

  document_.tell();

  expect_not_written_over();
}

TEST_F(RolloutBesideTest, NorOverWhatWasNotThereWhenItBegan) {
  begin_beside(route_to("a"));

  document_.tell();

  expect_not_written_over();
}

TEST_F(RolloutBesideTest, ADocumentThatDoesNotSayWhatItBeganOnCountsFromWhenItIsHeardOf) {
  put(route_to("a"));
  begin_beside(route_to("c"));
  std::string old = document_.text;
  size_t at = old.find(R"(,"expected":")");
  ASSERT_NE(at, std::string::npos) << old;
  old.erase(at, old.find('}', at) - at);

  second_.keeper->on_saved_elsewhere(old);

  EXPECT_EQ(to_text(second_.phase()), "pending");
  EXPECT_NE(second_.keeper->staged(), nullptr);
  put(route_to("a"));
  EXPECT_EQ(second_.keeper->staged(), nullptr);
}

TEST_F(RolloutReplicasTest, EachSeesAndOnlyWhoLeadsTakesSteps) {
  start();
  first_.leadership.is_mine = false;

  traffic(30s, 40);
  expect_both(RolloutPhase::kWatching);
  EXPECT_EQ(document_.writes, 1U);
  for (const Replica* one : {&first_, &second_}) {
    EXPECT_FALSE(one->keeper->is_judge());
    EXPECT_NE(one->keeper->progress().judgement.why.find("error rate is 40.00%"), std::string::npos);
  }
  second_.leadership.is_mine = true;
  look();
  EXPECT_EQ(to_text(second_.phase()), "watching") << "its watch begins anew";
  EXPECT_LT(second_.keeper->progress().seen.watched, 2s);
  traffic(30s, 40);

  expect_both(RolloutPhase::kRolledBack);
  EXPECT_EQ(second_.audited, std::vector<std::string>{"rollout-rollback"});
  EXPECT_TRUE(first_.audited.empty());
}

TEST_F(RolloutReplicasTest, WhoIsAskedDoesItAndWhoLeadsCommits) {
  start();
  Version before = store_->version();
  step(second_, RolloutStep::kPause);
  expect_both(RolloutPhase::kPaused);
  step(second_, RolloutStep::kPromote);
  expect_both(RolloutPhase::kPending);

  step(second_, RolloutStep::kPromote);
  expect_both(RolloutPhase::kCommitting);
  look();

  expect_both(RolloutPhase::kPromoted);
  EXPECT_EQ(store_->version().sequence, before.sequence + 1);
  EXPECT_EQ(first_.audited, std::vector<std::string>{"rollout-promoted"});
  EXPECT_TRUE(second_.audited.empty());
}

TEST_F(RolloutReplicasTest, TheNextLeaderGoesOnInEachPhase) {
  start();
  Version before = store_->version();
  hand_over();
  look();
  look();
  expect_both(RolloutPhase::kWatching);
  std::swap(first_.leadership.is_mine, second_.leadership.is_mine);
  traffic(40s, 0);
  EXPECT_EQ(first_.keeper->state()->stage(), 1U) << "it was promoted by evidence";
  hand_over();
  step(first_, RolloutStep::kPause);
  look();
  expect_both(RolloutPhase::kPaused);

  step(first_, RolloutStep::kPromote);
  expect_both(RolloutPhase::kCommitting);
  look();
  expect_both(RolloutPhase::kPromoted);
  EXPECT_EQ(store_->version().sequence, before.sequence + 1);
}

// It committed, and ended before it could say so.
TEST_F(RolloutReplicasTest, WhatALostLeaderCommittedIsPromotedByTheNext) {
  start();
  step(first_, RolloutStep::kPromote);
  step(first_, RolloutStep::kPromote);
  scheduler_.advance(0ms);
  store_.clock.advance(0ms);  // the commit; its document is on its way
  ASSERT_EQ(document_.waiting(), 1U);
  Version committed = store_->version();
  document_.lose_answer();
  hand_over();

  look();
  look();

  expect_both(RolloutPhase::kPromoted);
  EXPECT_EQ(store_->version(), committed);
  EXPECT_EQ(second_.keeper->state()->version(), committed);
}

TEST_F(RolloutReplicasTest, StepsWaitForEachOtherInOrder) {
  start();
  std::vector<Answer> answers(2 + RolloutRecord::kMaxWaiting);
  first_.keeper->step(RolloutStep::kPause, "a", answers[0].done());
  first_.keeper->step(RolloutStep::kPause, "b", answers[1].done());
  for (size_t i = 2; i < answers.size(); ++i) first_.keeper->step(RolloutStep::kAbort, "c", answers[i].done());

  EXPECT_EQ(document_.waiting(), 1U);
  EXPECT_EQ(answers.back().why(), Reason::kOverload);
  document_.answer();
  EXPECT_TRUE(answers[0].is_kept());
  EXPECT_EQ(answers[1].why(), Reason::kConflict) << "it is paused already";
  EXPECT_EQ(document_.waiting(), 1U) << "the first abort";
  document_.settle();

  EXPECT_TRUE(answers[2].is_kept());
  EXPECT_EQ(answers[3].why(), Reason::kConflict);
  expect_both(RolloutPhase::kAborted);
}

TEST_F(RolloutReplicasTest, WhoWaitedMeantTheRolloutThatHeSaw) {
  start();
  Answer abort;
  Answer again;
  Answer late;
  first_.keeper->step(RolloutStep::kAbort, "me", abort.done());
  RolloutSpec whole;
  whole.stages.push_back(*parse_stage("100%"));
  first_.keeper->start(whole, {{PutOperation{route_to("b")}}, "you"}, again.done());
  first_.keeper->step(RolloutStep::kAbort, "me", late.done());
  document_.settle();

  EXPECT_TRUE(abort.is_kept());
  EXPECT_TRUE(again.is_kept());
  EXPECT_EQ(late.why(), Reason::kConflict);
  EXPECT_TRUE(first_.keeper->is_running());
}

TEST_F(RolloutReplicasTest, ALookTakesNoStepWhileOneIsBeingKept) {
  start();
  traffic(5s, 0);
  Answer pause;
  first_.keeper->step(RolloutStep::kPause, "me", pause.done());
  bad_traffic_unanswered();

  EXPECT_EQ(document_.waiting(), 1U);
  EXPECT_EQ(to_text(first_.phase()), "watching");
  document_.settle();
  EXPECT_TRUE(pause.is_kept());
  expect_both(RolloutPhase::kPaused);
}

TEST_F(RolloutReplicasTest, WhoIsSlowerIsToldAndSeesWhatTheOtherDid) {
  start();
  Answer pause;
  Answer abort;
  first_.keeper->step(RolloutStep::kPause, "me", pause.done());
  second_.keeper->step(RolloutStep::kAbort, "you", abort.done());
  document_.settle();

  EXPECT_TRUE(pause.is_kept());
  EXPECT_EQ(abort.why(), Reason::kConflict);
  expect_both(RolloutPhase::kPaused);
  EXPECT_EQ(second_.keeper->failed_writes(), 0U);
  step(second_, RolloutStep::kAbort);
  expect_both(RolloutPhase::kAborted);
}

TEST_F(RolloutReplicasTest, ADeposedLeaderUndoesNothing) {
  start();
  traffic(5s, 0);
  bad_traffic_unanswered();
  ASSERT_EQ(document_.waiting(), 1U) << "its roll-back";
  hand_over();
  Answer abort;
  second_.keeper->step(RolloutStep::kAbort, "you", abort.done());
  document_.keep(1);
  document_.settle();

  EXPECT_TRUE(abort.is_kept());
  expect_both(RolloutPhase::kAborted);
  EXPECT_TRUE(first_.audited.empty());
  EXPECT_EQ(first_.keeper->failed_writes(), 0U);
}

// The next write of another one is seen before our own is answered.
TEST_F(RolloutReplicasTest, AnOldAnswerDoesNotBringAnOldStateBack) {
  start();
  Answer pause;
  first_.keeper->step(RolloutStep::kPause, "me", pause.done());
  document_.keep();
  document_.tell();
  Answer abort;
  second_.keeper->step(RolloutStep::kAbort, "you", abort.done());
  document_.keep(1);
  document_.tell();
  EXPECT_EQ(to_text(first_.phase()), "aborted");
  document_.answer();
  document_.settle();

  EXPECT_TRUE(pause.is_kept());
  EXPECT_TRUE(abort.is_kept());
  expect_both(RolloutPhase::kAborted);
}

TEST_F(RolloutReplicasTest, AnAnswerThatWasLostIsSeenInTheDocument) {
  start();
  Answer pause;
  first_.keeper->step(RolloutStep::kPause, "me", pause.done());
  document_.keep();
  document_.lose_answer();

  EXPECT_EQ(pause.why(), Reason::kUnavailable);
  EXPECT_NE(pause.result->error().detail.find("heddle rollout status tells"), std::string::npos);
  EXPECT_EQ(to_text(first_.phase()), "pending");
  EXPECT_EQ(first_.keeper->failed_writes(), 1U);
  document_.settle();
  expect_both(RolloutPhase::kPaused);
}

TEST_F(RolloutReplicasTest, AStepOfItsOwnWhoseAnswerIsLostIsTakenAgain) {
  start();
  traffic(5s, 0);
  bad_traffic_unanswered();
  ASSERT_EQ(document_.waiting(), 1U);
  document_.lose_answer();
  document_.tell();
  EXPECT_TRUE(first_.keeper->is_failing());
  expect_both(RolloutPhase::kWatching);

  look();

  expect_both(RolloutPhase::kRolledBack);
  EXPECT_FALSE(first_.keeper->is_failing());
  EXPECT_EQ(first_.audited.size(), 2U) << "that it could not be kept, and that it was";
}

TEST_F(RolloutReplicasTest, ADocumentThatIsNoneTakesTheChangeBack) {
  start();

  second_.keeper->on_saved_elsewhere("nonsense");
  first_.keeper->on_saved_elsewhere("");

  for (const Replica* one : {&first_, &second_}) {
    EXPECT_FALSE(one->keeper->state().has_value());
    EXPECT_EQ(one->keeper->staged(), nullptr);
  }
}
}  // namespace
}  // namespace heddle
