#include "cli/check_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "tests/support/cli_rig.h"

namespace heddle {
namespace {
using testing::HasSubstr;

JsonValue json(std::string_view text) {
  auto parsed = JsonValue::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? *parsed : JsonValue();
}

constexpr char kCa[] = R"({"phase":"steady","roots":[{"fingerprint":"3f2a9c01d2e4ff","state":"signs",
    "notBefore":"2025-01-01T00:00:00.000Z","notAfter":"2035-01-01T00:00:00.000Z"}],"chain":[],
    "automatic":{"alarm":"none","problem":""},"sidecars":[],"waitsFor":[]})";
constexpr char kFederation[] = R"({"domains":[],"sidecars":{"connected":0,"newest":0}})";

std::string status(std::string_view sidecars, WallTime time = kTestNow) {
  return str_cat(R"({"version":"1.44","time":")", format_time(time), R"(","sidecars":[)", sidecars, "]}");
}

CheckFacts facts(std::string_view sidecars = "") {
  CheckFacts out;
  out.status.document = json(status(sidecars));
  out.ca.document = json(kCa);
  out.federation.document = json(kFederation);
  out.asked = kTestNow - 5ms;
  out.answered = kTestNow + 5ms;
  out.took = 10ms;
  return out;
}

// Of that check alone.
std::vector<Finding> of(const CheckFacts& given, std::string_view check) {
  std::vector<Finding> out;
  for (const Finding& finding : check_findings(given)) {
    if (finding.check == check) out.push_back(finding);
  }
  return out;
}
Finding only(const CheckFacts& given, std::string_view check) {
  std::vector<Finding> found = of(given, check);
  EXPECT_EQ(found.size(), 1U) << check;
  return found.empty() ? Finding{} : found[0];
}

std::string sidecar(std::string_view node, std::string_view more) {
  return str_cat(R"({"node":")", node, R"(","identity":"spiffe://td/a",)", more, "}");
}

TEST(CliCheckRules, AMeshThatIsWellHasAnOkForEachCheck) {
  auto found = check_findings(facts(sidecar("web-0", R"("connected":true,"state":"live","lag_versions":0,"nack":null,
      "svidNotAfter":"2026-01-02T00:00:00.000Z")")));

  ASSERT_EQ(found.size(), 6U);
  for (const Finding& finding : found) {
    EXPECT_EQ(finding.verdict, Verdict::kOk) << finding.text;
    EXPECT_EQ(finding.hint, "");
  }
  EXPECT_EQ(found[0].text, "version 1.44, answered in 10ms");
  EXPECT_EQ(worst_of(found), Verdict::kOk);
}

TEST(CliCheckRules, AControlPlaneThatDoesNotAnswerIsTheOnlyFinding) {
  CheckFacts given;
  given.status.problem = "cannot reach the control plane at 127.0.0.1:1";

  auto found = check_findings(given);

  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].verdict, Verdict::kFail);
  EXPECT_EQ(found[0].text, "cannot reach the control plane at 127.0.0.1:1");
}

TEST(CliCheckRules, ASlowAnswerIsToBeLookedAt) {
  CheckFacts given = facts();
  given.took = 1500ms;

  EXPECT_EQ(only(given, "control plane").verdict, Verdict::kWarn);
}

TEST(CliCheckRules, TheClocksMayDifferByWhatTheAnswerTook) {
  auto verdict = [](Duration there) {
    CheckFacts given = facts();
    given.status.document = json(status("", kTestNow + there));
    return only(given, "clock");
  };

  EXPECT_EQ(verdict(1s).verdict, Verdict::kOk);
  EXPECT_EQ(verdict(-1s).verdict, Verdict::kOk);
  EXPECT_EQ(verdict(10s).verdict, Verdict::kWarn);
  EXPECT_THAT(verdict(10s).text, HasSubstr("ahead of"));
  EXPECT_THAT(verdict(-10s).text, HasSubstr("behind"));
  EXPECT_EQ(verdict(-2min).verdict, Verdict::kFail);
}

TEST(CliCheckRules, RootsEndByTheirLifetime) {
  auto verdict = [](std::string_view end) {
    CheckFacts given = facts();
    given.ca.document =
        json(str_cat(R"({"roots":[{"fingerprint":"3f2a9c01d2e4ff","notBefore":"2025-01-01T00:00:00.000Z",
        "notAfter":")",
                     end, R"("}]})"));
    return only(given, "roots");
  };

  EXPECT_EQ(verdict("2035-01-01T00:00:00.000Z").verdict, Verdict::kOk);
  EXPECT_EQ(verdict("2026-01-15T00:00:00.000Z").verdict, Verdict::kWarn);
  EXPECT_EQ(verdict("2026-01-15T00:00:00.000Z").text, "root 3f2a9c01d2e4 ends in 13d");
  EXPECT_EQ(verdict("2025-12-31T00:00:00.000Z").verdict, Verdict::kFail);
}

TEST(CliCheckRules, WhatKeepsARotationIsTold) {
  CheckFacts given = facts();
  given.ca.document = json(R"({"phase":"prepared","roots":[],"automatic":{"alarm":"error","problem":"files are gone"},
      "waitsFor":[{"node":"a"},{"node":"b"},{"controlPlane":"c"}]})");

  auto found = of(given, "roots");

  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].verdict, Verdict::kFail);
  EXPECT_EQ(found[1].text, "the rotation waits for 2 sidecars and 1 control plane");
}

TEST(CliCheckRules, ASidecarIsJudgedByTheWorstThatIsSaidOfIt) {
  auto verdict = [](std::string_view more) { return only(facts(sidecar("web-0", more)), "sidecars"); };

  Finding refused =
      verdict(R"("connected":true,"state":"refused","lag_versions":1,"lag_seconds":90,"nack":{"version":"1.44",
      "errors":[{"resource":"HTTPRoute/default/r","path":"spec.rules[0]","message":"too many"},{}]})");
  EXPECT_EQ(refused.verdict, Verdict::kFail);
  EXPECT_EQ(refused.text, "web-0 refuses version 1.44: HTTPRoute/default/r: spec.rules[0]: too many (and 1 more)");
  Finding expired = verdict(R"("connected":false,"state":"expired","lag_versions":9)");
  EXPECT_EQ(expired.verdict, Verdict::kFail);
  EXPECT_THAT(expired.hint, HasSubstr("heddle token create --id spiffe://td/a"));
  Finding gone = verdict(R"("connected":false,"state":"gone","lastSeen":"2025-12-31T23:55:00.000Z")");
  EXPECT_EQ(gone.verdict, Verdict::kWarn);
  EXPECT_EQ(gone.text, "web-0 is not connected, last seen 5m ago");
}

TEST(CliCheckRules, BeingBehindCountsWhenItLasts) {
  auto verdict = [](std::string_view seconds) {
    return only(facts(sidecar("a", str_cat(R"("connected":true,"lag_versions":2,"lag_seconds":)", seconds))),
                "sidecars")
        .verdict;
  };

  EXPECT_EQ(verdict("3"), Verdict::kOk);
  EXPECT_EQ(verdict("11.5"), Verdict::kWarn);
  EXPECT_EQ(verdict("61"), Verdict::kFail);
}

TEST(CliCheckRules, ACertificateThatShouldHaveBeenRenewedIsToBeLookedAt) {
  auto verdict = [](std::string_view end) {
    return only(facts(sidecar("a", str_cat(R"("connected":true,"svidNotAfter":")", end, "\""))), "sidecars").verdict;
  };

  EXPECT_EQ(verdict("2026-01-01T00:10:00.000Z"), Verdict::kOk);
  EXPECT_EQ(verdict("2026-01-01T00:04:00.000Z"), Verdict::kWarn);
  EXPECT_EQ(verdict("2025-12-31T00:00:00.000Z"), Verdict::kFail);
}

TEST(CliCheckRules, ManySidecarsOfOneTroubleAreCounted) {
  std::string all;
  for (int i = 0; i < 30; ++i) {
    all.append(i == 0 ? "" : ",")
        .append(sidecar(str_cat("n-", std::to_string(i)), R"("connected":false,"state":"gone")"));
  }

  auto found = of(facts(all), "sidecars");

  ASSERT_EQ(found.size(), kMaxFindingsOfAKind + 1);
  EXPECT_EQ(found.back().text, "and 10 more like these");
}

TEST(CliCheckRules, FederationWithoutABundleIsAFailure) {
  CheckFacts given = facts();
  given.federation.document = json(R"({"domains":[
      {"trustDomain":"a.example","source":"endpoint","problem":"no answer within 20s"},
      {"trustDomain":"b.example","source":"none","problem":""},{"trustDomain":"c.example","source":"given","problem":""}],
      "sidecars":{"connected":3,"newest":2}})");

  auto found = of(given, "federation");

  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].verdict, Verdict::kWarn);
  EXPECT_EQ(found[1].verdict, Verdict::kFail);
  EXPECT_EQ(found[2].text, "1 of the sidecars use older bundles");
}

TEST(CliCheckRules, WhatCannotBeSeenIsNoFailure) {
  CheckFacts given = facts();
  given.ca = {std::nullopt, "forbidden: no role"};
  given.federation = {std::nullopt, "forbidden: no role"};

  for (const char* check : {"roots", "federation"}) {
    EXPECT_EQ(only(given, check).verdict, Verdict::kWarn) << check;
    EXPECT_THAT(only(given, check).text, HasSubstr("forbidden: no role")) << check;
    EXPECT_THAT(only(given, check).hint, HasSubstr("a role in all namespaces")) << check;
  }
}

TEST(CliCheckRules, ASidecarsClockIsComparedWithTheControlPlanes) {
  auto found = [](std::string_view ahead) {
    CheckFacts given = facts();
    given.status.document = json(status(sidecar("web-0", str_cat(R"("connected":true,"clockAheadMs":)", ahead))));
    return only(given, "sidecars");
  };

  EXPECT_EQ(found("null").verdict, Verdict::kOk);
  EXPECT_EQ(found("-1900").verdict, Verdict::kOk);
  EXPECT_EQ(found("5000").verdict, Verdict::kWarn);
  EXPECT_EQ(found("-90000").verdict, Verdict::kFail);
  EXPECT_EQ(found("-90000").text, "web-0 has a clock 1m30s behind the control plane's");
}

TEST(CliCheckRules, ABackendSetWithoutAnEndpointFailsAndNamesWhoSeesIt) {
  CheckFacts given = facts();
  constexpr std::string_view kSome = R"("connected":true,"backendsDown":[{"backendSet":"shop/cart","up":1,"down":2}])";
  constexpr std::string_view kNone = R"("connected":true,"backendsDown":[{"backendSet":"shop/cart","up":0,"down":3}])";
  given.status.document = json(status(sidecar("web-0", kSome)));
  Finding some = only(given, "backends");
  given.status.document =
      json(status(join({sidecar("web-0", kSome), sidecar("web-1", kNone), sidecar("web-2", kNone)}, ",")));
  Finding none = only(given, "backends");

  EXPECT_EQ(some.verdict, Verdict::kWarn);
  EXPECT_EQ(some.text, "shop/cart: 2 of 3 endpoints are down for web-0");
  EXPECT_EQ(none.verdict, Verdict::kFail);
  EXPECT_EQ(none.text, "shop/cart: 3 of 3 endpoints are down for web-1 and 1 more");
  EXPECT_THAT(none.hint, HasSubstr("heddle get backendset cart -n shop"));
}

TEST(CliCheck, PrintsFindingsHintsAndASummary) {
  CliRig rig;
  rig.control.answer("GET /v1/status", 200, status(sidecar("web-0", R"("connected":false,"state":"expired")")));
  rig.control.answer("GET /v1/ca", 200, kCa);
  rig.control.answer("GET /v1/federation", 200, kFederation);

  EXPECT_EQ(rig.run("check"), ExitCode::kFailure);

  EXPECT_EQ(rig.out(),
            "CHECK          RESULT  FINDING\n"
            "control plane  OK      version 1.44, answered in 0s\n"
            "clock          OK      this machine's and the control plane's agree\n"
            "roots          OK      1 root, none ends soon\n"
            "sidecars       FAIL    web-0 has a certificate that ended\n"
            "backends       OK      no sidecar finds an endpoint down\n"
            "federation     OK      0 other trust domains\n"
            "\n"
            "web-0 has a certificate that ended\n"
            "  if it still runs: heddle token create --id spiffe://td/a\n"
            "\n"
            "1 failed, 0 to look at, 5 well\n");
}

TEST(CliCheck, JsonSaysWhetherAllIsWell) {
  CliRig rig;
  rig.control.answer("GET /v1/status", 200, status(""));
  rig.control.answer("GET /v1/ca", 200, kCa);
  rig.control.answer("GET /v1/federation", 200, kFederation);

  EXPECT_EQ(rig.run("check -o json"), ExitCode::kOk);

  JsonValue document = json(rig.out());
  EXPECT_EQ(document.find("success")->as_bool(), true);
  EXPECT_EQ(document.find("checks")->at(0).find("result")->as_string(), "ok");
}

TEST(CliCheck, TheExitCodeTellsAnAwayControlPlaneFromAFailedCheck) {
  CliRig rig;
  rig.control.be_unreachable();

  EXPECT_EQ(rig.run("check"), ExitCode::kUnreachable);
  EXPECT_THAT(rig.out(), HasSubstr("control plane  FAIL"));
}
}  // namespace
}  // namespace heddle
