#include "control/plan/rollout_state.h"

#include <gtest/gtest.h>

#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace {
RolloutState three_stages() {
  RolloutState::What what;
  for (std::string_view stage : {"1%", "10%", "100%"}) what.spec.stages.push_back(*parse_stage(stage));
  what.changes.emplace_back(PutOperation{service("a")});
  what.changes.emplace_back(PutOperation{service("b"), Version{1, 7}});
  what.author = "token-1";
  what.message = "ticket 7";
  what.started = WallTime(1'800'000'000s);
  return RolloutState(std::move(what));
}
RolloutState after_restart(const RolloutState& state) {
  Result<RolloutState> read = RolloutState::parse(state.json());
  EXPECT_TRUE(read.has_value()) << read.error().detail;
  return read ? *read : three_stages();
}

TEST(RolloutState, GoesThroughItsStagesToTheCommit) {
  RolloutState state = three_stages();
  EXPECT_EQ(state.phase(), RolloutPhase::kPending);

  state.watch();
  EXPECT_EQ(state.phase(), RolloutPhase::kWatching);
  ASSERT_TRUE(state.promote("good").has_value());
  EXPECT_EQ(state.phase(), RolloutPhase::kPending);
  EXPECT_EQ(state.stage(), 1U);
  ASSERT_TRUE(state.promote("good").has_value());
  EXPECT_EQ(state.phase(), RolloutPhase::kCommitting);
  state.finish({1, 9});

  EXPECT_EQ(state.phase(), RolloutPhase::kPromoted);
  EXPECT_EQ(state.version(), (Version{1, 9}));
  EXPECT_FALSE(state.is_running());
}

TEST(RolloutState, IsKnownAgainWhateverItsPhaseAndAlsoFromItsJson) {
  RolloutState state = three_stages();
  ASSERT_TRUE(state.promote("good").has_value());
  RolloutState::What what;
  what.spec = state.spec();
  what.changes = {state.changes().front()};
  what.author = state.author();
  what.message = state.message();
  what.started = state.started();

  EXPECT_TRUE(state.is_same_rollout(three_stages()));
  EXPECT_TRUE(after_restart(state).is_same_rollout(three_stages()));
  EXPECT_FALSE(state.is_same_rollout(RolloutState(what))) << "it changes something else";
}

TEST(RolloutState, IsWatchedAnewOnlyWhileItIsWatched) {
  RolloutState state = three_stages();
  state.watch();
  state.watch_anew();
  EXPECT_EQ(state.phase(), RolloutPhase::kPending);
  ASSERT_TRUE(state.pause("by me").has_value());
  state.watch_anew();

  EXPECT_EQ(state.phase(), RolloutPhase::kPaused);
  EXPECT_EQ(state.reason(), "by me");
}

TEST(RolloutState, ComesBackFromItsJsonWithAllItNeeds) {
  RolloutState state = three_stages();
  ASSERT_TRUE(state.promote("good").has_value());
  state.include_below(321);

  RolloutState back = after_restart(state);

  EXPECT_EQ(back.json(), state.json());
  EXPECT_EQ(back.spec(), state.spec());
  EXPECT_EQ(back.message(), "ticket 7");
  EXPECT_EQ(back.stage(), 1U);
  EXPECT_EQ(back.cohort().share(), 1000U);
  ASSERT_EQ(back.changes().size(), 2U);
  const auto& put = std::get<PutOperation>(back.changes()[1]);
  EXPECT_EQ(put.expected, std::nullopt) << "that held when it began";
  EXPECT_EQ(put.created, state.started());
  EXPECT_TRUE(back.touches(service("b").key));
  EXPECT_FALSE(back.touches(service("c").key));
}

TEST(RolloutState, SaysWhatItBeganOnAndAnOlderOneDoesNot) {
  RolloutState::What what;
  for (const char* stage : {"10%", "100%"}) what.spec.stages.push_back(*parse_stage(stage));
  what.changes = {PutOperation{service("a")}, PutOperation{service("b"), Version{1, 7}},
                  PutOperation{service("c"), Version()}};

  RolloutState back = after_restart(RolloutState(std::move(what)));

  EXPECT_EQ(back.base(), (std::vector<std::optional<Version>>{std::nullopt, Version{1, 7}, Version()}));
}

TEST(RolloutState, AStageThatWasWatchedIsWatchedAnewAfterARestart) {
  RolloutState state = three_stages();
  state.watch();

  EXPECT_EQ(after_restart(state).phase(), RolloutPhase::kPending);
}

TEST(RolloutState, OtherPhasesSurviveARestart) {
  RolloutState paused = three_stages();
  ASSERT_TRUE(paused.pause("by me").has_value());
  RolloutState aborted = three_stages();
  ASSERT_TRUE(aborted.abort("by me").has_value());
  RolloutState committing = three_stages();
  ASSERT_TRUE(committing.promote("").has_value());
  ASSERT_TRUE(committing.promote("").has_value());

  EXPECT_EQ(after_restart(paused).phase(), RolloutPhase::kPaused);
  EXPECT_EQ(after_restart(paused).reason(), "by me");
  EXPECT_EQ(after_restart(aborted).phase(), RolloutPhase::kAborted);
  EXPECT_EQ(after_restart(committing).phase(), RolloutPhase::kCommitting);
}

TEST(RolloutState, PausesResumesAndAborts) {
  RolloutState state = three_stages();

  EXPECT_TRUE(state.pause("").has_value());
  EXPECT_TRUE(state.is_running());
  EXPECT_FALSE(state.pause("").has_value());
  EXPECT_TRUE(state.resume().has_value());
  EXPECT_FALSE(state.resume().has_value());
  EXPECT_TRUE(state.abort("").has_value());
  EXPECT_FALSE(state.is_running());
}

TEST(RolloutState, AStepThatIsNotAllowedNamesTheNext) {
  RolloutState state = three_stages();
  ASSERT_TRUE(state.abort("").has_value());

  Result<void> refused = state.promote("");

  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, Reason::kConflict);
  EXPECT_NE(refused.error().detail.find("heddle rollout status"), std::string::npos);
}

TEST(RolloutState, WhatIsBeingCommittedCannotBeTakenBack) {
  RolloutState state = three_stages();
  ASSERT_TRUE(state.promote("").has_value());
  ASSERT_TRUE(state.promote("").has_value());

  EXPECT_FALSE(state.abort("").has_value());
  EXPECT_FALSE(state.pause("").has_value());
}

TEST(RolloutState, WhatIsOverStaysOver) {
  RolloutState state = three_stages();
  state.roll_back("worse");
  state.roll_back("again");
  state.finish({1, 9});

  EXPECT_EQ(state.phase(), RolloutPhase::kRolledBack);
  EXPECT_EQ(state.reason(), "worse");
  EXPECT_FALSE(state.version().has_value());
}

TEST(RolloutState, RefusesJsonThatIsNoState) {
  EXPECT_FALSE(RolloutState::parse("{}").has_value());
  EXPECT_FALSE(RolloutState::parse("nonsense").has_value());
  std::string json = three_stages().json();
  json.replace(json.find("\"stage\":0"), 9, "\"stage\":3");
  EXPECT_FALSE(RolloutState::parse(json).has_value()) << "there are three";
}
}  // namespace
}  // namespace heddle
