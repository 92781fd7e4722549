// A rollout while a control plane is not heard.
#include "tests/unit/control/watch/rollout_replicas_rig.h"

namespace heddle {
namespace {
using RolloutSilenceTest = RolloutReplicasTest;

TEST_F(RolloutSilenceTest, WhileAControlPlaneIsSilentNothingIsPromoted) {
  registry_.on_replica_silent("c", scheduler_.wall());
  start();
  traffic(60s, 0);
  EXPECT_EQ(to_text(first_.phase()), "pending");
  EXPECT_NE(first_.keeper->progress().judgement.why.find("not heard: control plane c"), std::string::npos);

  registry_.on_replica("c", scheduler_.wall());
  look();
  EXPECT_EQ(to_text(first_.phase()), "watching");
  registry_.on_replica_silent("c", scheduler_.wall());
  traffic(60s, 0);
  EXPECT_EQ(to_text(first_.phase()), "watching");
  EXPECT_EQ(first_.keeper->state()->stage(), 0U);
  EXPECT_NE(first_.keeper->progress().judgement.why.find("not heard: control plane c"), std::string::npos);

  registry_.on_replica("c", scheduler_.wall());
  look();
  EXPECT_EQ(first_.keeper->state()->stage(), 1U);
}

TEST_F(RolloutSilenceTest, WhileAControlPlaneIsSilentPeopleStillDecideAndHarmIsTakenBack) {
  start();
  look();
  registry_.on_replica_silent("c", scheduler_.wall());

  step(first_, RolloutStep::kPromote);
  EXPECT_EQ(first_.keeper->state()->stage(), 1U);
  step(first_, RolloutStep::kAbort);
  expect_both(RolloutPhase::kAborted);
}

TEST_F(RolloutSilenceTest, WhatIsSeenToHarmIsRolledBackWhoeverIsSilent) {
  start();
  look();
  ASSERT_EQ(to_text(first_.phase()), "watching");
  registry_.on_replica_silent("c", scheduler_.wall());

  traffic(60s, 40);

  expect_both(RolloutPhase::kRolledBack);
}

TEST_F(RolloutSilenceTest, SilenceIsNoEvidence) {
  registry_.on_replica_silent("c", scheduler_.wall());
  start();

  run(10min);

  EXPECT_EQ(to_text(first_.phase()), "pending");
  EXPECT_TRUE(first_.audited.empty());
}
}  // namespace
}  // namespace heddle
