#include "control/ca/rotation_plan.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace heddle {
namespace {
using Phase = RotationPhase;
using Step = RotationStep;

LiveSidecar sidecar(std::string node, std::string bundle, std::string authority) {
  return {"spiffe://cluster.local/ns/default/sa/web", std::move(node), "0a", true,
          TrustInUse{std::move(bundle), std::move(authority)}};
}

RotationPlan plan(Phase phase, std::vector<LiveSidecar> live = {}) { return {{phase, "both", "new"}, std::move(live)}; }

std::string refusal(const Result<Phase>& result) { return result ? std::string() : result.error().detail; }

TEST(RotationPlan, AllowsInEachPhaseOnlyItsSteps) {
  const std::pair<Phase, Step> kAllowed[] = {{Phase::kSteady, Step::kPrepare},
                                             {Phase::kPrepared, Step::kActivate},
                                             {Phase::kPrepared, Step::kAbort},
                                             {Phase::kActivated, Step::kRetire}};

  for (Phase phase : {Phase::kSteady, Phase::kPrepared, Phase::kActivated}) {
    for (Step step : {Step::kPrepare, Step::kActivate, Step::kRetire, Step::kAbort}) {
      bool is_allowed = std::count(std::begin(kAllowed), std::end(kAllowed), std::pair(phase, step)) == 1;
      Result<Phase> judged = plan(phase).judge(step);
      EXPECT_EQ(judged.has_value(), is_allowed) << to_text(phase) << " " << to_text(step);
      if (!judged) {
        EXPECT_EQ(judged.error().reason, Reason::kConflict);
      }
    }
  }
}

TEST(RotationPlan, LeadsAroundInThreeSteps) {
  EXPECT_EQ(*plan(Phase::kSteady).judge(Step::kPrepare), Phase::kPrepared);
  EXPECT_EQ(*plan(Phase::kPrepared).judge(Step::kActivate), Phase::kActivated);
  EXPECT_EQ(*plan(Phase::kActivated).judge(Step::kRetire), Phase::kSteady);
  EXPECT_EQ(*plan(Phase::kPrepared).judge(Step::kAbort), Phase::kSteady);
}

TEST(RotationPlan, SaysWhichStepComesNext) {
  EXPECT_EQ(refusal(plan(Phase::kPrepared).judge(Step::kRetire)),
            "the rotation is prepared: the next step is activate or abort, not retire");
}

TEST(RotationPlan, ActivatesWhenEveryLiveSidecarUsesTheBundle) {
  EXPECT_TRUE(
      plan(Phase::kPrepared, {sidecar("a", "both", "old"), sidecar("b", "both", "old")}).judge(Step::kActivate));
}

TEST(RotationPlan, NamesWhoStillUsesAnOlderBundle) {
  std::string why =
      refusal(plan(Phase::kPrepared, {sidecar("a", "both", "old"), sidecar("b", "old", "old")}).judge(Step::kActivate));

  EXPECT_EQ(why,
            "cannot activate yet, because of 1 sidecar: b (spiffe://cluster.local/ns/default/sa/web) still uses an "
            "older bundle");
}

TEST(RotationPlan, ASidecarThatIsAwayKeepsItsOldBundleUntilItSaysOtherwise) {
  LiveSidecar away = sidecar("a", "", "");
  away.is_connected = false;
  away.uses.reset();

  EXPECT_NE(refusal(plan(Phase::kPrepared, {away}).judge(Step::kActivate)).find("a (spiffe://"), std::string::npos);
  EXPECT_NE(refusal(plan(Phase::kPrepared, {away}).judge(Step::kActivate)).find("not connected"), std::string::npos);
}

TEST(RotationPlan, ASidecarThatSaysNothingIsNotTakenForOneThatAgrees) {
  LiveSidecar silent = sidecar("a", "", "");
  silent.uses.reset();

  EXPECT_NE(refusal(plan(Phase::kPrepared, {silent}).judge(Step::kActivate)).find("has not said"), std::string::npos);
  EXPECT_NE(refusal(plan(Phase::kActivated, {silent}).judge(Step::kRetire)).find("has not said"), std::string::npos);
}

TEST(RotationPlan, RetiresOnlyWhenNobodyShowsACertificateOfTheOldRoot) {
  EXPECT_TRUE(plan(Phase::kActivated, {sidecar("a", "both", "new")}).judge(Step::kRetire));
  EXPECT_NE(refusal(plan(Phase::kActivated, {sidecar("a", "both", "old")}).judge(Step::kRetire)).find("another root"),
            std::string::npos);
}

TEST(RotationPlan, PrepareAndAbortWaitForNobody) {
  EXPECT_TRUE(plan(Phase::kSteady, {sidecar("a", "old", "old")}).judge(Step::kPrepare));
  EXPECT_TRUE(plan(Phase::kPrepared, {sidecar("a", "old", "old")}).judge(Step::kAbort));
}

TEST(RotationPlan, TheOperatorMayAnswerForSidecarsByName) {
  RotationPlan two = plan(Phase::kPrepared, {sidecar("a", "old", "old"), sidecar("b", "old", "old")});
  const std::string kBoth[] = {"a", "b"};

  EXPECT_FALSE(two.judge(Step::kActivate, std::span(kBoth, 1)));
  EXPECT_TRUE(two.judge(Step::kActivate, kBoth));
}

TEST(RotationPlan, AnExceptionThatNamesNobodyIsRefused) {
  const std::string kWrong[] = {"c"};

  Result<Phase> judged = plan(Phase::kPrepared, {sidecar("a", "both", "old")}).judge(Step::kActivate, kWrong);

  ASSERT_FALSE(judged.has_value());
  EXPECT_EQ(judged.error().reason, Reason::kBadRequest);
}

TEST(RotationPlan, ASidecarWithoutANameGoesByItsSerial) {
  LiveSidecar unknown = sidecar("", "old", "old");
  const std::string kSerial[] = {"0a"};

  EXPECT_EQ(unknown.name(), "serial 0a (spiffe://cluster.local/ns/default/sa/web)");
  EXPECT_TRUE(plan(Phase::kPrepared, {unknown}).judge(Step::kActivate, kSerial));
}

TEST(RotationPlan, AMessageNamesTwentyAndCountsTheRest) {
  std::vector<LiveSidecar> many(25, sidecar("a", "old", "old"));

  std::string why = refusal(plan(Phase::kPrepared, many).judge(Step::kActivate));

  EXPECT_NE(why.find("because of 25 sidecars"), std::string::npos);
  EXPECT_TRUE(why.ends_with("; 5 more")) << why;
}

RotationPlan plan_with(Phase phase, ControlPlaneTrust other) {
  return {{phase, "both", "new"}, {}, {std::move(other)}};
}

TEST(RotationPlan, AControlPlaneThatIsNotHeardKeepsAllButPrepareAndAbortFromBeingTaken) {
  ControlPlaneTrust silent{"b", 40, Duration(12s), TrustInUse{"both", "new"}};

  EXPECT_EQ(refusal(plan_with(Phase::kPrepared, silent).judge(Step::kActivate)),
            "cannot activate yet, because of 1 control plane: control plane b is not heard, for 12s: what its 40 "
            "sidecars and it use is unknown");
  EXPECT_FALSE(plan_with(Phase::kActivated, silent).judge(Step::kRetire));
  EXPECT_TRUE(plan_with(Phase::kSteady, silent).judge(Step::kPrepare));
  EXPECT_TRUE(plan_with(Phase::kPrepared, silent).judge(Step::kAbort));
}

TEST(RotationPlan, AControlPlaneThatHasNotFollowedIsWaitedFor) {
  ControlPlaneTrust old{"b", 0, std::nullopt, TrustInUse{"old", "old"}};
  ControlPlaneTrust follows{"b", 0, std::nullopt, TrustInUse{"both", "new"}};
  ControlPlaneTrust mute{"b", 0, std::nullopt, std::nullopt};

  EXPECT_NE(refusal(plan_with(Phase::kPrepared, old).judge(Step::kActivate)).find("older bundle"), std::string::npos);
  EXPECT_NE(refusal(plan_with(Phase::kActivated, old).judge(Step::kRetire)).find("another root"), std::string::npos);
  EXPECT_NE(refusal(plan_with(Phase::kPrepared, mute).judge(Step::kActivate)).find("has not said"), std::string::npos);
  EXPECT_TRUE(plan_with(Phase::kPrepared, follows).judge(Step::kActivate));
  EXPECT_TRUE(plan_with(Phase::kActivated, follows).judge(Step::kRetire));
}

TEST(RotationPlan, TheOperatorMayAnswerForAControlPlane) {
  const std::string kB[] = {"b"};
  ControlPlaneTrust silent{"b", 1, Duration(12s), std::nullopt};

  EXPECT_TRUE(plan_with(Phase::kPrepared, silent).judge(Step::kActivate, kB));
}

TEST(RotationPlan, NamesOfPhasesAndStepsLeadBack) {
  for (Phase phase : {Phase::kSteady, Phase::kPrepared, Phase::kActivated})
    EXPECT_EQ(rotation_phase(to_text(phase)), phase);
  for (Step step : {Step::kPrepare, Step::kActivate, Step::kRetire, Step::kAbort}) {
    EXPECT_EQ(rotation_step(to_text(step)), step);
  }
  EXPECT_EQ(rotation_step("retired"), std::nullopt);
}
}  // namespace
}  // namespace heddle
