#include <gtest/gtest.h>

#include "tests/support/cli_rig.h"

namespace heddle {
namespace {
constexpr char kWorkload[] =
    "apiVersion: heddle.dev/v1\nkind: Workload\nmetadata: {name: hello}\nspec: {identity: spiffe://td/hello}\n";
constexpr char kWatching[] = R"({"rollout":{"phase":"watching","stage":2,"reason":"","author":"t","version":null,
  "started":"2025-12-31T23:59:15.000Z","stages":["1%","10%","100%"],"watch":"30s","maxErrorRate":"1%",
  "resources":["HTTPRoute/default/hello"],"running":3,"reporting":3,"watched":"12s","verdict":"watched for 12s of 30s",
  "new":{"sidecars":3,"outbound":{"requests":200,"errorRate":0.015,"rejectRate":0,"meanMs":1.25,"p50Ms":1.1},
         "inbound":{"requests":0,"errorRate":0,"rejectRate":0,"meanMs":0,"p50Ms":null}},
  "old":{"sidecars":27,"outbound":{"requests":1900,"errorRate":0.01,"rejectRate":0,"meanMs":1.2,"p50Ms":1}}}})";
constexpr char kRolledBack[] = R"({"rollout":{"phase":"rolled-back","stage":1,"reason":"outbound error rate is 40.00%",
  "started":"2025-12-31T23:00:00.000Z","stages":["1%","100%"],"resources":["HTTPRoute/default/hello"],"version":null}})";

TEST(CliRollout, StatusShowsStageShareAndWhatIsSeen) {
  CliRig rig;
  rig.control.answer("GET /v1/rollouts", 200, kWatching);

  EXPECT_EQ(rig.run("rollout status"), ExitCode::kOk);

  EXPECT_EQ(rig.out(),
            "STAGE          PHASE     WATCHED  SIDECARS  RUNNING  REPORTING  AGE\n"
            "1% [10%] 100%  watching  12s      3         3        3          45s\n"
            "\n"
            "WHO              SIDECARS  DIRECTION  REQUESTS  ERRORS  REJECTS  MEAN    P50\n"
            "with the change  3         outbound   200       1.50%   0.00%    1.25ms  1.10ms\n"
            "with the change  3         inbound    0         0.00%   0.00%    0.00ms  -\n"
            "without          27        outbound   1900      1.00%   0.00%    1.20ms  1.00ms\n"
            "\n"
            "changes:   HTTPRoute/default/hello\n"
            "verdict:   watched for 12s of 30s\n");
}

TEST(CliRollout, StatusSaysWhyItWasRolledBack) {
  CliRig rig;
  rig.control.answer("GET /v1/rollouts", 200, kRolledBack);

  EXPECT_EQ(rig.run("rollout status"), ExitCode::kOk);

  EXPECT_EQ(rig.out(),
            "STAGE      PHASE        WATCHED  SIDECARS  RUNNING  REPORTING  AGE\n"
            "[1%] 100%  rolled-back  -        -         -        -          60m\n"
            "\n"
            "changes:   HTTPRoute/default/hello\n"
            "reason:    outbound error rate is 40.00%\n");
}

TEST(CliRollout, StatusSaysThatAnotherControlPlaneJudges) {
  CliRig rig;
  std::string elsewhere(kWatching);
  elsewhere.insert(elsewhere.find("\"running\""), "\"judgedHere\":false,");
  rig.control.answer("GET /v1/rollouts", 200, elsewhere);

  EXPECT_EQ(rig.run("rollout status"), ExitCode::kOk);

  EXPECT_TRUE(rig.out().ends_with("judged by: another control plane, which leads; this one only looks\n")) << rig.out();
}

TEST(CliRollout, StatusSaysThatThereIsNone) {
  CliRig rig;
  rig.control.answer("GET /v1/rollouts", 200, R"({"rollout":null})");

  EXPECT_EQ(rig.run("rollout status"), ExitCode::kOk);

  EXPECT_EQ(rig.out(), "no rollout\n");
}

TEST(CliRollout, ApplyInStagesSendsThemWithTheList) {
  CliRig rig;
  rig.control.answer("POST /v1/rollouts", 200, kWatching);

  EXPECT_EQ(rig.run("apply -f " + rig.file("a.yaml", kWorkload) +
                    " --stages 1%,node=web-1,100% --watch 90s --max-error-rate +0.5% --min-requests 20"),
            ExitCode::kOk);

  ASSERT_EQ(rig.control.requests.size(), 1U);
  EXPECT_EQ(rig.control.requests[0].body,
            R"({"stages":["1%","node=web-1","100%"],"watch":"1m30s","maxErrorRate":"+0.5%","minRequests":20,)"
            R"("list":{"kind":"List","items":[{"apiVersion":"heddle.dev/v1","kind":"Workload",)"
            R"("metadata":{"name":"hello","namespace":"default"},"spec":{"identity":"spiffe://td/hello"}}]}})");
}

TEST(CliRollout, ApplyInStagesSaysWhyAndWhatItExpectsAndWarns) {
  CliRig rig;
  std::string answer(kWatching);
  answer.back() = ',';
  answer += R"("warnings":[{"resource":"HTTPRoute/default/hello","path":"spec.parentRefs[0]","message":"is idle"}]})";
  rig.control.answer("POST /v1/rollouts?expect=1.42&message=ticket7", 200, answer);

  EXPECT_EQ(rig.run("apply --stages 1%,100% --expect 1.42 -m ticket7 -f " + rig.file("a.yaml", kWorkload)),
            ExitCode::kOk);

  EXPECT_NE(rig.err().find("warning: HTTPRoute default/hello: spec.parentRefs[0]: is idle\n"), std::string::npos)
      << rig.err();
  EXPECT_NE(rig.out().find("1% [10%] 100%"), std::string::npos);
}

// What the rollout of kWatching became.
std::string ended(std::string_view phase) {
  std::string out(kWatching);
  return out.replace(out.find("watching"), std::string_view("watching").size(), phase);
}

TEST(CliRollout, WaitLooksUntilItIsOver) {
  CliRig rig;
  rig.control.answer("POST /v1/rollouts", 200, kWatching);
  rig.control.answer("GET /v1/rollouts", 200, kWatching);
  rig.control.answer_then("GET /v1/rollouts", 503, R"({"reason":"draining","message":"it leaves","problems":[]})");
  rig.control.answer_then("GET /v1/rollouts", 200, ended("promoted"));

  EXPECT_EQ(rig.run("apply --stages 1%,10%,100% --wait -f " + rig.file("a.yaml", kWorkload)), ExitCode::kOk);

  EXPECT_EQ(rig.control.requests.size(), 4U);
  EXPECT_EQ(rig.paused(), 3s);
  EXPECT_EQ(rig.err(),
            "waits until the rollout is over; interrupted, it goes on: heddle rollout status\n"
            "stage 2 of 3: 10%, watching\n");
  EXPECT_NE(rig.out().find("1% [10%] 100%  promoted"), std::string::npos) << rig.out();
}

TEST(CliRollout, WaitTellsHowItEndedByTheExitCode) {
  for (const auto& [phase, code] :
       {std::pair("rolled-back", ExitCode::kFailure), std::pair("aborted", ExitCode::kFailure),
        std::pair("paused", ExitCode::kNotLive), std::pair("promoted", ExitCode::kOk)}) {
    CliRig rig;
    rig.control.answer("GET /v1/rollouts", 200, kWatching);
    rig.control.answer_then("GET /v1/rollouts", 200, ended(phase));

    EXPECT_EQ(rig.run("rollout status --wait -o json"), code) << phase;

    EXPECT_NE(rig.out().find(phase), std::string::npos) << rig.out();
    EXPECT_EQ(rig.err().find("it is paused") != std::string::npos, code == ExitCode::kNotLive) << rig.err();
  }
}

TEST(CliRollout, WaitShowsInOneLineOfATerminalWhatIsSeen) {
  CliRig rig;
  rig.is_watched = true;
  rig.control.answer("GET /v1/rollouts", 200, kWatching);
  rig.control.answer_then("GET /v1/rollouts", 200, ended("promoted"));

  EXPECT_EQ(rig.run("rollout status --wait"), ExitCode::kOk);

  EXPECT_NE(rig.err().find("stage 2 of 3: 10%, watching: watched for 12s of 30s"), std::string::npos) << rig.err();
  EXPECT_TRUE(rig.err().ends_with("\r\x1b[K")) << "gone at the end";
}

TEST(CliRollout, WaitEndsWhenNobodyAnswersOrAnotherOneRuns) {
  CliRig rig;
  rig.control.answer("GET /v1/rollouts", 200, kWatching);
  rig.control.answer_then("GET /v1/rollouts", 503, R"({"reason":"draining","message":"it leaves","problems":[]})");
  EXPECT_EQ(rig.run("rollout status --wait --timeout 20s"), ExitCode::kUnreachable);
  EXPECT_GE(rig.paused(), 20s);
  EXPECT_NE(rig.err().find("goes on without being looked at"), std::string::npos) << rig.err();

  CliRig other;
  other.control.answer("GET /v1/rollouts", 200, kWatching);
  other.control.answer_then("GET /v1/rollouts", 200, kRolledBack);
  EXPECT_EQ(other.run("rollout status --wait"), ExitCode::kFailure);
  EXPECT_NE(other.err().find("another rollout has taken its place"), std::string::npos) << other.err();
}

TEST(CliRollout, ApplyWithoutStagesIsAsEver) {
  CliRig rig;
  rig.control.answer("POST /v1/apply", 200, R"({"version":"1.2","results":[]})");

  EXPECT_EQ(rig.run("apply -f " + rig.file("a.yaml", kWorkload)), ExitCode::kOk);
}

TEST(CliRollout, WhatBelongsToStagesNeedsThem) {
  CliRig rig;
  std::string file = rig.file("a.yaml", kWorkload);

  EXPECT_EQ(rig.run("apply --watch 5s -f " + file), ExitCode::kUsage);
  EXPECT_EQ(rig.run("apply --stages 1%,100% --dry-run -f " + file), ExitCode::kUsage);
  EXPECT_EQ(rig.run("apply --stages 1%,100% --min-requests some -f " + file), ExitCode::kUsage);
  EXPECT_TRUE(rig.control.requests.empty());
}

TEST(CliRollout, StepsAreSentAndRefusalsAreConflicts) {
  CliRig rig;
  rig.control.answer("POST /v1/rollouts/pause", 200, kWatching);
  rig.control.answer("POST /v1/rollouts/promote", 409,
                     R"({"reason":"conflict","message":"a rollout that is aborted cannot be promoted","problems":[]})");

  EXPECT_EQ(rig.run("rollout pause"), ExitCode::kOk);
  EXPECT_EQ(rig.run("rollout promote"), ExitCode::kConflict);

  EXPECT_NE(rig.err().find("cannot be promoted"), std::string::npos);
}
}  // namespace
}  // namespace heddle
