#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/plan_text.h"
#include "tests/support/cli_rig.h"
#include "tests/support/config_fixtures.h"

namespace heddle {
namespace {
using testing::HasSubstr;

constexpr char kPlan[] = R"j({"version":"1.43","wouldChange":true,
    "changes":{"created":1,"configured":1,"deleted":0,"resources":[
      {"key":"AuthorizationPolicy/default/p","result":"created"},
      {"key":"HTTPRoute/default/hello","result":"configured","fieldCount":2,"fields":[
        {"path":"spec.rules[0].backendRefs[0].weight","before":"90","now":"50"}]}]},
    "warnings":[{"resource":"HTTPRoute/default/hello","path":"spec.parentRefs[0]","message":"is idle"}],
    "routes":{"count":3,"rows":[
      {"change":"changed","service":"default/hello","port":80,"match":"PathPrefix /",
       "rule":"HTTPRoute default/hello rule 0","before":"default/hello","now":"default/hello 50%, default/v2 50%"},
      {"change":"shadowed","service":"default/hello","port":80,"match":"PathPrefix /a",
       "rule":"HTTPRoute default/x rule 0","by":"HTTPRoute default/hello rule 1"},
      {"change":"uncovered","service":"default/b","port":80}]},
    "sidecars":{"connected":6,"affected":2,"names":["hello-0 (spiffe://td/h)"],"refusingCount":0,"refusing":[]},
    "traffic":{"sidecars":2,"requests":3000,"seen":48000,"same":2676,"changed":316,"undecidable":5,"stale":3,
      "otherwise":0,"groupCount":1,"groups":[{"effect":"backend",
        "text":"312 of 3,000 requests to default/hello would go to BackendSet default/v2",
        "examples":[{"method":"GET","host":"hello","path":"/cart","peer":"spiffe://td/w"}]}],
      "notKept":[{"what":"header x-user","count":5}],"notes":["namespace shop: needs the role plan"]}})j";

class CliPlan : public testing::Test {
 protected:
  std::string file() { return rig_.file("a.yaml", service_yaml("hello")); }
  CliRig rig_;
};

TEST_F(CliPlan, ShowsSectionsThatAreReadAtAGlance) {
  rig_.control.answer("POST /v1/plan", 200, kPlan);

  EXPECT_EQ(rig_.run("plan -o table -f " + file()), ExitCode::kFailure);

  EXPECT_EQ(rig_.out(),
            "Changes\n"
            "  created AuthorizationPolicy default/p\n"
            "  configured HTTPRoute default/hello\n"
            "    spec.rules[0].backendRefs[0].weight: 90 -> 50\n"
            "    and 1 more\n"
            "  warning: HTTPRoute default/hello: spec.parentRefs[0]: is idle\n"
            "\n"
            "Routes\n"
            "  changed default/hello port 80, PathPrefix /: default/hello -> default/hello 50%, default/v2 50% "
            "(HTTPRoute default/hello rule 0)\n"
            "  shadowed default/hello port 80, PathPrefix /a: HTTPRoute default/x rule 0 is never reached, HTTPRoute "
            "default/hello rule 1 goes before it\n"
            "  attention default/b port 80: what none of its rules matches would be refused; now it is sent on\n"
            "\n"
            "Sidecars\n"
            "  2 of 6 connected would get it\n"
            "  hello-0 (spiffe://td/h)\n"
            "  and 1 more\n"
            "\n"
            "Traffic\n"
            "  3,000 requests remembered by 2 sidecars, of 48,000 seen: 316 would be treated otherwise, 2,676 alike\n"
            "  312 of 3,000 requests to default/hello would go to BackendSet default/v2\n"
            "    GET hello/cart from spiffe://td/w\n"
            "  5 not decidable, for nobody kept: header x-user (5)\n"
            "  3 not compared: decided by an older configuration\n"
            "  note: namespace shop: needs the role plan\n"
            "\n"
            "plan for version 1.43: 1 to create, 1 to configure, 0 to delete; nothing was changed\n");
}

TEST_F(CliPlan, SendsWhatApplyWouldSend) {
  rig_.control.answer("POST /v1/plan?replay=false", 200, R"({"version":"1.43","wouldChange":false})");

  EXPECT_EQ(rig_.run("plan --no-replay -f " + file()), ExitCode::kOk);

  EXPECT_EQ(rig_.out(), "nothing would change, version 1.43\n");
  EXPECT_EQ(rig_.control.requests[0].query, "replay=false");
  EXPECT_THAT(rig_.control.requests[0].body, HasSubstr(R"({"kind":"List","items":[{)"));
}

TEST_F(CliPlan, NeedsFilesAndAFormatItKnows) {
  EXPECT_EQ(rig_.run("plan"), ExitCode::kUsage);
  EXPECT_EQ(rig_.run("plan -o yaml -f " + file()), ExitCode::kUsage);
  EXPECT_THAT(rig_.err(), HasSubstr("--output: expected one of table, json; got \"yaml\""));
  EXPECT_EQ(rig_.run("plan -o text -f " + file()), ExitCode::kUsage);
  EXPECT_TRUE(rig_.control.requests.empty());
}

TEST_F(CliPlan, PrintsTheAnswerAsJson) {
  rig_.control.answer("POST /v1/plan", 200, R"({"version":"1.43","wouldChange":true})");

  EXPECT_EQ(rig_.run("plan -o json -f " + file()), ExitCode::kFailure);
  EXPECT_EQ(rig_.out(), "{\n  \"version\": \"1.43\",\n  \"wouldChange\": true\n}\n");
}

TEST_F(CliPlan, WhatWouldBeRefusedHasACodeOfItsOwn) {
  rig_.control.answer("POST /v1/plan", 400,
                      R"({"reason":"config-invalid","message":"1 problem; nothing was changed","problems":[
                      {"resource":"HTTPRoute/default/r","path":"spec","message":"is wrong"}]})");

  EXPECT_EQ(rig_.run("plan -f " + file()), ExitCode::kRefused);
  EXPECT_THAT(rig_.err(), HasSubstr("is wrong"));
  EXPECT_EQ(rig_.run("plan -f " + rig_.file("b.yaml", "kind: Nothing\n")), ExitCode::kRefused);
}

TEST_F(CliPlan, IsReadWithoutWhatANewerControlPlaneLeavesOut) {
  EXPECT_THAT(plan_text(*JsonValue::parse(R"({"wouldChange":true})")), HasSubstr("Routes\n  none\n"));
}

TEST_F(CliPlan, TextOfOthersDrivesNoTerminal) {
  JsonValue plan = *JsonValue::parse(
      "{\"wouldChange\":true,\"traffic\":{\"requests\":1,\"groups\":[{\"text\":\"a\\u001b[2J\",\"examples\":[{"
      "\"method\":\"GET\",\"path\":\"/\\u001b\"}]}]}}");

  EXPECT_EQ(plan_text(plan).find('\x1b'), std::string::npos);
}
}  // namespace
}  // namespace heddle
