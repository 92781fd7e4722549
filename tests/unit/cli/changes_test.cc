#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/change_text.h"
#include "lib/base/strings.h"
#include "tests/support/cli_rig.h"

namespace heddle {
namespace {
using testing::HasSubstr;
using testing::Not;

constexpr char kWorkload[] =
    "apiVersion: heddle.dev/v1\nkind: Workload\nmetadata: {name: hello}\nspec: {identity: spiffe://td/hello}\n";
constexpr char kDry[] = "POST /v1/apply?dryRun=true&changes=true";
constexpr char kChanged[] = R"({"version":"1.44","results":[
    {"key":"Workload/default/same","result":"unchanged"},
    {"key":"Workload/default/hello","result":"configured",
     "before":{"kind":"Workload","metadata":{"name":"hello","resourceVersion":"1.1","uid":"x"},"spec":{"identity":"a"},
               "status":{"conditions":[]}},
     "now":{"kind":"Workload","metadata":{"name":"hello","generation":2},"spec":{"identity":"b"}}},
    {"key":"Workload/default/made","result":"created","now":{"kind":"Workload"}}]})";
constexpr char kDifference[] =
    "--- Workload/default/hello\n"
    "+++ Workload/default/hello\n"
    "@@ -2,4 +2,4 @@\n"
    " metadata:\n"
    "   name: hello\n"
    " spec:\n"
    "-  identity: a\n"
    "+  identity: b\n"
    "--- /dev/null\n"
    "+++ Workload/default/made\n"
    "@@ -0,0 +1 @@\n"
    "+kind: Workload\n";
constexpr char kRefusedWait[] = R"({"reason":"config-invalid","end":"refused","version":"1.42","message":"m","behind":[
    {"node":"web-1","identity":"spiffe://td/web","text":"refused 1.44: HTTPRoute/default/r: spec: no"}],
    "problems":[{"resource":"HTTPRoute/default/r","path":"spec","message":"no"}]})";

TEST(CliDiff, ShowsWhatWouldChangeWithoutWhatTheServerOwns) {
  CliRig rig;
  rig.control.answer(kDry, 200, kChanged);

  EXPECT_EQ(rig.run("diff -f " + rig.file("a.yaml", kWorkload)), ExitCode::kFailure) << "1: there are differences";

  EXPECT_EQ(rig.out(), kDifference);
  EXPECT_EQ(rig.err(), "");
}

TEST(CliDiff, ColoursOnlyWhenAsked) {
  CliRig rig;
  rig.control.answer(kDry, 200, kChanged);
  rig.color = UseColor::kYes;

  rig.run("diff -f " + rig.file("a.yaml", kWorkload));

  EXPECT_THAT(rig.out(), HasSubstr("\x1b[31m-  identity: a\x1b[0m\n\x1b[32m+  identity: b\x1b[0m\n"));
}

TEST(CliDiff, NothingToChangeIsSuccessWithoutAWord) {
  CliRig rig;
  rig.control.answer(kDry, 200, R"({"version":"1.44","results":[{"key":"Workload/default/a","result":"unchanged"}]})");

  EXPECT_EQ(rig.run("diff -f " + rig.file("a.yaml", kWorkload)), ExitCode::kOk);
  EXPECT_EQ(rig.out(), "");
}

TEST(CliDiff, AFailureIsNeverTakenForADifference) {
  CliRig rig;
  rig.control.answer(kDry, 400, R"({"reason":"config-invalid","message":"1 problem","problems":[
      {"resource":"Service/default/a","path":"spec.prots","message":"unknown field","hint":"remove it"}]})");
  std::string file = rig.file("a.yaml", kWorkload);

  EXPECT_EQ(rig.run("diff -f " + file), ExitCode::kRefused);
  EXPECT_THAT(rig.err(), HasSubstr("  Service/default/a: spec.prots: unknown field\n    hint: remove it\n"));
  EXPECT_EQ(rig.run("diff -f " + rig.file("b.yaml", "kind: Gadget\n")), ExitCode::kRefused);
  rig.control.be_unreachable();
  EXPECT_EQ(rig.run("diff -f " + file), ExitCode::kUnreachable);
}

TEST(CliDiff, ComparesTwoVersions) {
  CliRig rig;
  rig.control.answer("GET /v1/diff?from=1.40&to=1.42", 200, R"({"changes":[
      {"key":"Workload/default/gone","result":"deleted","before":{"kind":"Workload","metadata":{"name":"gone"}}}]})");
  rig.control.answer("GET /v1/diff?from=1.40", 200, R"({"changes":[]})");

  EXPECT_EQ(rig.run("diff --version 1.40 --to 1.42"), ExitCode::kFailure);
  EXPECT_EQ(rig.out(),
            "--- Workload/default/gone\n+++ /dev/null\n@@ -1,3 +0,0 @@\n-kind: Workload\n-metadata:\n-  name: gone\n");
  EXPECT_EQ(rig.run("diff --version 1.40"), ExitCode::kOk);
}

TEST(CliDiff, WantsFilesOrAVersion) {
  CliRig rig;

  EXPECT_EQ(rig.run("diff"), ExitCode::kUsage);
  EXPECT_EQ(rig.run("diff -f a --version 1.1"), ExitCode::kUsage);
  EXPECT_EQ(rig.run("diff -f a --to 1.1"), ExitCode::kUsage);
  EXPECT_EQ(rig.run("diff --version latest"), ExitCode::kUsage);
}

TEST(CliApplyChange, SaysWhyAndWhatItExpects) {
  CliRig rig;
  rig.control.answer("POST /v1/apply?expect=1.42&message=ticket%23123", 200, R"({"version":"1.43","results":[]})");

  EXPECT_EQ(rig.run("apply --expect 1.42 --message ticket#123 -f " + rig.file("a.yaml", kWorkload)), ExitCode::kOk);
  EXPECT_EQ(rig.run("apply --expect new -f a"), ExitCode::kUsage);
  EXPECT_EQ(rig.run("apply --message " + std::string(1025, 'a') + " -f a"), ExitCode::kUsage);
  EXPECT_EQ(rig.run("apply --dry-run --wait -f a"), ExitCode::kUsage);
}

TEST(CliApplyChange, WaitsForTheVersionThatItMade) {
  CliRig rig;
  rig.control.answer("POST /v1/apply", 200, R"({"version":"1.44","results":[]})");
  rig.control.answer("GET /v1/wait?version=1.44&timeout=10s", 200, R"({"version":"1.44","sidecars":2})");

  EXPECT_EQ(rig.run("apply --wait --timeout 10s -f " + rig.file("a.yaml", kWorkload)), ExitCode::kOk);

  EXPECT_EQ(rig.out(), "version 1.44\nversion 1.44 runs on 2 sidecars\n");
}

TEST(CliApplyChange, AChangeThatASidecarRefusesIsMadeButNotLive) {
  CliRig rig;
  rig.control.answer("POST /v1/apply", 200, R"({"version":"1.44","results":[]})");
  rig.control.answer("GET /v1/wait?version=1.44&timeout=30s", 400, kRefusedWait);

  EXPECT_EQ(rig.run("apply --wait -f " + rig.file("a.yaml", kWorkload)), ExitCode::kNotLive);

  EXPECT_EQ(rig.out(), "version 1.44\n");
  EXPECT_EQ(rig.err(),
            "error: refused: version 1.44 does not run on 1 sidecar\n"
            "  web-1 (spiffe://td/web) refused 1.44: HTTPRoute/default/r: spec: no\n");
}

TEST(CliWaitChange, ARefusalIsAFailure) {
  CliRig rig;
  rig.control.answer("GET /v1/wait?version=1.44&timeout=30s", 400, kRefusedWait);

  EXPECT_EQ(rig.run("wait --version 1.44"), ExitCode::kFailure);
}

TEST(CliDeleteChange, SaysWhyAndExpectsOnlyOfOneResource) {
  CliRig rig;
  rig.control.answer("DELETE /v1/resources/services/default/a?expect=1.2&message=old", 200, R"({"version":"1.3"})");

  EXPECT_EQ(rig.run("delete svc a --expect 1.2 --message old"), ExitCode::kOk);
  EXPECT_EQ(rig.run("delete svc a b --expect 1.2"), ExitCode::kUsage);
}

TEST(CliHistory, ListsVersionsWithWhoAndWhy) {
  CliRig rig;
  rig.control.answer("GET /v1/history?limit=20", 200, R"({"version":"1.2","oldest":"1.0","items":[
      {"version":"1.2","time":"2026-01-01T00:00:00.000Z","author":"ada","message":"two \u001b[31m","changes":3},
      {"version":"1.1","time":"2025-12-31T00:00:00.000Z","author":"","message":"","changes":1}]})");
  rig.control.answer("GET /v1/history?limit=5&resource=HTTPRoute%2Fshop%2Fr", 200, R"({"items":[]})");

  EXPECT_EQ(rig.run("history"), ExitCode::kOk);
  EXPECT_EQ(rig.out(),
            "VERSION  TIME                      AUTHOR  CHANGES  MESSAGE\n"
            "1.2      2026-01-01T00:00:00.000Z  ada     3        two ?[31m\n"
            "1.1      2025-12-31T00:00:00.000Z  <none>  1        <none>\n");
  EXPECT_EQ(rig.run("history hr/r -n shop --limit 5"), ExitCode::kOk);
  EXPECT_EQ(rig.out(), "");
  EXPECT_EQ(rig.run("history --limit 0"), ExitCode::kUsage);
  EXPECT_EQ(rig.run("history svc"), ExitCode::kUsage);
}

TEST(CliShow, ShowsWhatAVersionChanged) {
  CliRig rig;
  rig.control.answer("GET /v1/history/1.42", 200, R"({"version":"1.42","time":"2026-01-01T00:00:00.000Z","author":"ada",
      "message":"","changes":[
      {"key":"Workload/default/gone","result":"deleted","before":{"kind":"Workload","metadata":{"name":"gone"}}}]})");

  EXPECT_EQ(rig.run("show 1.42"), ExitCode::kOk);

  EXPECT_EQ(rig.out(),
            "version: 1.42\ntime: 2026-01-01T00:00:00.000Z\nauthor: ada\n\n"
            "--- Workload/default/gone\n+++ /dev/null\n@@ -1,3 +0,0 @@\n-kind: Workload\n-metadata:\n-  name: gone\n");
  EXPECT_EQ(rig.run("show 1.42 -o yaml"), ExitCode::kOk);
  EXPECT_THAT(rig.out(), HasSubstr("author: ada\n"));
  EXPECT_THAT(rig.out(), Not(HasSubstr("@@")));
}

TEST(CliShow, ShowsEverythingOrOneResource) {
  CliRig rig;
  rig.control.answer("GET /v1/history/1.42?all=true", 200, R"({"kind":"List","items":[{"kind":"Workload"}]})");
  rig.control.answer("GET /v1/history/1.42?resource=Workload%2Fdefault%2Fa", 200, R"({"version":"1.42","changes":[]})");

  EXPECT_EQ(rig.run("show 1.42 --all"), ExitCode::kOk);
  EXPECT_EQ(rig.out(), "items:\n- kind: Workload\nkind: List\n");
  EXPECT_EQ(rig.run("show 1.42 wl/a"), ExitCode::kFailure);
  EXPECT_EQ(rig.err(), "error: version 1.42 did not change Workload/default/a\n");
  EXPECT_EQ(rig.run("show 1.43"), ExitCode::kFailure);
}

TEST(CliShow, WhatAVersionHeldCanBeAppliedAgain) {
  CliRig rig;
  rig.control.answer("GET /v1/history/1.42?all=true", 200, R"({"kind":"List","version":"1.42","items":[
      {"apiVersion":"heddle.dev/v1","kind":"Workload","metadata":{"name":"a","namespace":"shop","uid":"x",
       "resourceVersion":"1.7","generation":3,"creationTimestamp":"2026-01-01T00:00:00.000Z"},
       "spec":{"identity":"spiffe://td/a"}}]})");
  rig.control.answer("POST /v1/apply", 200, R"({"version":"1.50","results":[]})");

  for (std::string_view format : {"yaml", "json"}) {
    CliRig shown;
    shown.control = rig.control;
    ASSERT_EQ(shown.run(str_cat("show 1.42 --all -o ", format)), ExitCode::kOk);
    EXPECT_THAT(shown.out(), HasSubstr("creationTimestamp"));
    for (std::string_view field : {"uid", "resourceVersion", "generation"}) {
      EXPECT_THAT(shown.out(), Not(HasSubstr(std::string(field)))) << format;
    }
    EXPECT_EQ(rig.run("apply -f " + rig.file(str_cat("old.", format), shown.out())), ExitCode::kOk) << rig.err();
    EXPECT_THAT(rig.control.requests.back().body, Not(HasSubstr("resourceVersion")));
  }
}

TEST(CliRollback, AsksForTheOldContentAndTellsWhatBecameOfIt) {
  CliRig rig;
  rig.control.answer("POST /v1/rollback?message=bad", 200,
                     R"({"version":"1.45","results":[{"key":"Workload/default/hello","result":"deleted"}]})");
  rig.control.answer("POST /v1/rollback?dryRun=true&expect=1.44", 409, R"({"reason":"conflict","message":"moved"})");

  EXPECT_EQ(rig.run("rollback 1.40 -m bad"), ExitCode::kOk);
  EXPECT_EQ(rig.out(), "workload.heddle.dev/hello deleted\nversion 1.45\n");
  EXPECT_EQ(rig.control.requests[0].body, R"({"to":"1.40"})");
  EXPECT_EQ(rig.run("rollback 1.40 --dry-run --expect 1.44"), ExitCode::kConflict);
  EXPECT_EQ(rig.run("rollback"), ExitCode::kUsage);
}

TEST(ChangeText, EncodesEverythingButUnreservedCharacters) {
  EXPECT_EQ(percent_encoded("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encoded("a b&c=%\xC3\xA4"), "a%20b%26c%3D%25%C3%A4");
}
}  // namespace
}  // namespace heddle
