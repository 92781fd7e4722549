#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "tests/support/cli_rig.h"

namespace heddle {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr char kRest[] = R"("since":"2025-12-31T23:57:00.000Z","sequence":2,
    "roots":[{"fingerprint":"0123456789abcdef0123","state":"signs","notAfter":"2035-01-01T00:00:00.000Z"}],
    "sidecars":[{"node":"web-1","identity":"spiffe://td/web","connected":true,"bundle":"newest","certificate":"older"},
    {"node":"","identity":"spiffe://td/cart","serial":"0a","connected":false,"bundle":"unknown",
    "certificate":"unknown"}])";
constexpr char kLate[] = R"({"node":"web-1","identity":"spiffe://td/web","why":"still uses an older bundle"})";

std::string ca(const std::string& phase, const std::string& next, const std::string& waits_for = "") {
  return R"({"phase":")" + phase + R"(","next":")" + next + R"(","waitsFor":[)" + waits_for + "]," + kRest + "}";
}

TEST(CliCa, StatusShowsRootsAndSidecarsAndWhatComesNext) {
  CliRig rig;
  rig.control.answer("GET /v1/ca", 200, ca("prepared", "activate", kLate));

  EXPECT_EQ(rig.run("ca status"), ExitCode::kOk);

  EXPECT_EQ(rig.out(),
            "prepared for 3m, bundle 2\n\n"
            "ROOT          STATE  NOT AFTER\n"
            "0123456789ab  signs  2035-01-01T00:00:00.000Z\n\n"
            "NODE       IDENTITY          CONNECTED  BUNDLE   CERTIFICATE\n"
            "web-1      spiffe://td/web   yes        newest   older\n"
            "serial 0a  spiffe://td/cart  no         unknown  unknown\n\n"
            "next: heddle ca rotate activate\n"
            "waits for 1 sidecar:\n"
            "  web-1 (spiffe://td/web) still uses an older bundle\n");
}

TEST(CliCa, StatusCountsControlPlanesApart) {
  constexpr char kPlane[] = R"({"controlPlane":"b","node":"","why":"is not heard"})";
  auto status = [](const std::string& waits_for) {
    CliRig rig;
    rig.control.answer("GET /v1/ca", 200, ca("prepared", "activate", waits_for));
    EXPECT_EQ(rig.run("ca status"), ExitCode::kOk);
    return rig.out();
  };

  EXPECT_THAT(status(kPlane), HasSubstr("waits for 1 control plane:\n  control plane b is not heard\n"));
  EXPECT_THAT(status(str_cat(kLate, ",", kLate, ",", kPlane)),
              HasSubstr("waits for 2 sidecars and 1 control plane:\n"));
}

TEST(CliCa, StatusShowsAGivenAuthorityAndWhatNeedsAttention) {
  CliRig rig;
  std::string body = ca("steady", "prepare");
  body.insert(1, R"("source":"files","chain":[{"fingerprint":"fedcba9876543210","notAfter":"2027-01-01T00:00:00.000Z"}],
                  "automatic":{"step":"prepare","at":"2026-01-01T00:00:00.000Z","problem":"ends soon"},)");
  rig.control.answer("GET /v1/ca", 200, body);

  EXPECT_EQ(rig.run("ca status"), ExitCode::kOk);

  EXPECT_THAT(rig.out(), HasSubstr("SIGNS BELOW THE ROOT  NOT AFTER\nfedcba987654          2027-01-01"));
  EXPECT_THAT(rig.out(), HasSubstr("next: the root is somebody else's"));
  EXPECT_THAT(rig.out(), HasSubstr("by itself: prepare, not before 2026-01-01T00:00:00.000Z\nattention: ends soon\n"));
}

TEST(CliCa, RotateSaysThatTheRootOfAGivenAuthorityIsSomebodyElses) {
  CliRig rig;
  std::string body = ca("steady", "prepare");
  body.insert(1, R"("source":"files",)");
  rig.control.answer("GET /v1/ca", 200, body);

  EXPECT_EQ(rig.run("ca rotate"), ExitCode::kConflict);

  EXPECT_THAT(rig.err(), HasSubstr("the root is not ours"));
  EXPECT_EQ(rig.control.requests.size(), 1U);
}

TEST(CliCa, AStepIsPostedWithItsExceptions) {
  CliRig rig;
  rig.control.answer("POST /v1/ca/activate", 200, ca("activated", "retire"));

  EXPECT_EQ(rig.run("ca rotate activate --except web-7 --except 0a"), ExitCode::kOk);

  EXPECT_EQ(rig.control.requests.back().body, R"({"except":["web-7","0a"]})");
  EXPECT_THAT(rig.out(), HasSubstr("activated"));
}

TEST(CliCa, ARefusalNamesTheSidecarsAndIsAConflict) {
  CliRig rig;
  rig.control.answer("POST /v1/ca/activate", 409, R"json({"reason":"conflict","message":"cannot","problems":[
                     {"resource":"web-1 (spiffe://td/web)","message":"is not connected"}]})json");

  EXPECT_EQ(rig.run("ca rotate activate"), ExitCode::kConflict);

  EXPECT_THAT(rig.err(), HasSubstr("web-1 (spiffe://td/web): is not connected"));
}

TEST(CliCa, AWholeRotationTakesEachStepWhenNobodyIsInItsWay) {
  CliRig rig;
  rig.control.answer("GET /v1/ca", 200, ca("steady", "prepare"));
  rig.control.answer_then("GET /v1/ca", 200, ca("prepared", "activate", kLate));
  rig.control.answer_then("GET /v1/ca", 200, ca("prepared", "activate"));
  rig.control.answer_then("GET /v1/ca", 200, ca("activated", "retire"));
  rig.control.answer("POST /v1/ca/prepare", 200, ca("prepared", "activate"));
  rig.control.answer("POST /v1/ca/activate", 200, ca("activated", "retire"));
  rig.control.answer("POST /v1/ca/retire", 200, ca("steady", "prepare"));

  EXPECT_EQ(rig.run("ca rotate"), ExitCode::kOk);

  EXPECT_THAT(rig.control.lines, ElementsAre("GET /v1/ca", "POST /v1/ca/prepare", "GET /v1/ca", "GET /v1/ca",
                                             "POST /v1/ca/activate", "GET /v1/ca", "POST /v1/ca/retire"));
  EXPECT_THAT(rig.out(), HasSubstr("waiting to activate: web-1 (spiffe://td/web) still uses an older bundle\n"));
  EXPECT_THAT(rig.out(), HasSubstr("retire: done"));
}

TEST(CliCa, AWholeRotationGoesOnWhereAnotherStopped) {
  CliRig rig;
  rig.control.answer("GET /v1/ca", 200, ca("activated", "retire"));
  rig.control.answer("POST /v1/ca/retire", 200, ca("steady", "prepare"));

  EXPECT_EQ(rig.run("ca rotate"), ExitCode::kOk);

  EXPECT_THAT(rig.control.lines, ElementsAre("GET /v1/ca", "POST /v1/ca/retire"));
}

TEST(CliCa, AWholeRotationGivesUpInTimeAndSaysWhoWasLate) {
  CliRig rig;
  rig.control.answer("GET /v1/ca", 200, ca("prepared", "activate", kLate));

  EXPECT_EQ(rig.run("ca rotate --wait 30s"), ExitCode::kFailure);

  EXPECT_EQ(rig.paused(), 30s);
  EXPECT_THAT(rig.err(), HasSubstr("web-1"));
  EXPECT_THAT(rig.err(), HasSubstr("the same command goes on"));
  EXPECT_THAT(rig.control.lines, Not(testing::Contains("POST /v1/ca/activate")));
}

TEST(CliCa, ASidecarThatCameInBetweenIsWaitedFor) {
  CliRig rig;
  rig.control.answer("GET /v1/ca", 200, ca("activated", "retire"));
  rig.control.answer("POST /v1/ca/retire", 409, R"({"reason":"conflict","message":"somebody came"})");
  rig.control.answer_then("POST /v1/ca/retire", 200, ca("steady", "prepare"));

  EXPECT_EQ(rig.run("ca rotate"), ExitCode::kOk);
}

TEST(CliCa, AControlPlaneThatWasNeverThereIsNotWaitedFor) {
  CliRig rig;
  rig.control.be_unreachable();

  EXPECT_EQ(rig.run("ca rotate"), ExitCode::kUnreachable);

  EXPECT_EQ(rig.paused(), 0s);
}

TEST(CliCa, UnknownStepsAndExceptionsForAllOfThemAreRefused) {
  CliRig rig;

  EXPECT_EQ(rig.run("ca rotate start"), ExitCode::kUsage);
  EXPECT_THAT(rig.err(), HasSubstr("expected prepare, activate, retire or abort"));
  EXPECT_EQ(rig.run("ca rotate --except web-1"), ExitCode::kUsage);
  EXPECT_EQ(rig.run("ca"), ExitCode::kUsage);
  EXPECT_TRUE(rig.control.lines.empty());
}
}  // namespace
}  // namespace heddle
