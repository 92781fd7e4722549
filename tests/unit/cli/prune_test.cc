#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "tests/support/cli_rig.h"

namespace heddle {
namespace {
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

constexpr char kFile[] =
    "apiVersion: heddle.dev/v1\nkind: Workload\nmetadata: {name: kept, namespace: shop, labels: {app: web}}\n"
    "spec: {identity: spiffe://td/kept}\n";
constexpr char kDone[] = R"({"version":"1.43","wouldChange":true,"results":[
    {"key":"Workload/shop/kept","result":"unchanged"},{"key":"Workload/shop/old","result":"deleted"}]})";

std::string item(std::string_view name, std::string_view labels = "{}") {
  return str_cat(R"({"metadata":{"namespace":"shop","name":")", name, R"(","labels":)", labels, "}}");
}

class CliPrune : public testing::Test {
 protected:
  CliPrune() { list("1.42", str_cat(item("kept"), ",", item("old"))); }
  std::string file() { return rig_.file("a.yaml", kFile); }
  // Of every kind the list is empty, but of workloads.
  void list(std::string_view version, std::string_view workloads, std::string_view query = "?namespace=shop") {
    for (const KindInfo& kind : all_kinds()) {
      std::string_view items = kind.kind == Kind::kWorkload ? workloads : "";
      rig_.control.answer(str_cat("GET /v1/resources/", kind.plural, query), 200,
                          str_cat(R"({"kind":"List","version":")", version, R"(","items":[)", items, "]}"));
    }
  }
  const ApiRequest& last() const { return rig_.control.requests.back(); }
  CliRig rig_;
};

TEST_F(CliPrune, WhatIsInNoFileIsDeletedInTheSameChange) {
  rig_.control.answer("POST /v1/apply?expect=1.42&message=tidy", 200, kDone);

  EXPECT_EQ(rig_.run("apply -n shop --prune -m tidy -f " + file()), ExitCode::kOk);

  EXPECT_THAT(last().body, EndsWith(R"(],"delete":["Workload/shop/old"]})"));
  EXPECT_EQ(rig_.out(), "workload.heddle.dev/kept unchanged\nworkload.heddle.dev/old deleted\nversion 1.43\n");
}

TEST_F(CliPrune, ADryRunShowsIt) {
  rig_.control.answer("POST /v1/apply?dryRun=true&expect=1.42", 200, kDone);

  EXPECT_EQ(rig_.run("apply -n shop --prune --dry-run -f " + file()), ExitCode::kOk);

  EXPECT_THAT(rig_.out(), HasSubstr("workload.heddle.dev/old deleted (dry run)\n"));
}

TEST_F(CliPrune, DiffAndPlanMeanTheSame) {
  rig_.control.answer("POST /v1/apply?dryRun=true&changes=true&expect=1.42", 200,
                      R"({"results":[{"key":"Workload/shop/old","result":"deleted","before":{"kind":"Workload"}}]})");
  rig_.control.answer("POST /v1/plan", 200, R"({"version":"1.42","wouldChange":true})");

  EXPECT_EQ(rig_.run("diff -n shop --prune -f " + file()), ExitCode::kFailure);
  EXPECT_THAT(rig_.out(), HasSubstr("--- Workload/shop/old\n+++ /dev/null\n"));
  EXPECT_THAT(last().body, EndsWith(R"("delete":["Workload/shop/old"]})"));
  EXPECT_EQ(rig_.run("plan -n shop --prune -f " + file()), ExitCode::kFailure);
  EXPECT_THAT(last().body, EndsWith(R"("delete":["Workload/shop/old"]})"));
}

TEST_F(CliPrune, APlanOfANewerVersionIsAConflict) {
  rig_.control.answer("POST /v1/plan", 200, R"({"version":"1.43","wouldChange":true})");

  EXPECT_EQ(rig_.run("plan -n shop --prune -f " + file()), ExitCode::kConflict);
}

TEST_F(CliPrune, LabelsSayOfWhat) {
  constexpr std::string_view kWeb = R"({"app":"web"})";
  list("1.42", str_cat(item("kept", kWeb), ",", item("old", kWeb), ",", item("other")), "");
  rig_.control.answer("POST /v1/apply?expect=1.42", 200, kDone);

  EXPECT_EQ(rig_.run("apply -l app=web --prune -f " + file()), ExitCode::kOk);

  EXPECT_THAT(last().body, EndsWith(R"("delete":["Workload/shop/old"]})"));
}

TEST_F(CliPrune, WithNothingTooManyItIsAnApply) {
  list("1.42", item("kept"));
  rig_.control.answer("POST /v1/apply?expect=1.42", 200, kDone);

  EXPECT_EQ(rig_.run("apply -n shop --prune -f " + file()), ExitCode::kOk);

  EXPECT_THAT(last().body, Not(HasSubstr("delete")));
}

TEST_F(CliPrune, FilesOfSomethingElseDeleteNothing) {
  EXPECT_EQ(rig_.run("apply -n web --prune -f " + file()), ExitCode::kFailure);
  EXPECT_THAT(rig_.err(), HasSubstr("no file has a resource in namespace web: everything there would be deleted"));
  EXPECT_EQ(rig_.run("apply -l app=api --prune -f " + file()), ExitCode::kFailure);
  EXPECT_EQ(rig_.run("apply -n shop --prune -f " + rig_.file("none.yaml", "")), ExitCode::kFailure);
  EXPECT_TRUE(rig_.control.lines.empty()) << "nothing is sent";
}

TEST_F(CliPrune, WhatWasListedWhileItChangedIsListedAgain) {
  const std::string services = "GET /v1/resources/services?namespace=shop";
  rig_.control.answer(services, 200, R"({"version":"1.41","items":[]})");
  rig_.control.answer_then(services, 200, R"({"version":"1.42","items":[]})");
  rig_.control.answer("POST /v1/apply?expect=1.42", 200, kDone);

  EXPECT_EQ(rig_.run("apply -n shop --prune -f " + file()), ExitCode::kOk);
}

TEST_F(CliPrune, WhatNeverStandsStillIsAConflict) {
  rig_.control.answer("GET /v1/resources/services?namespace=shop", 200, R"({"version":"1.41","items":[]})");

  EXPECT_EQ(rig_.run("apply -n shop --prune -f " + file()), ExitCode::kConflict);
  EXPECT_THAT(rig_.control.lines.back(), Not(HasSubstr("POST")));
}

TEST_F(CliPrune, WhatTheAuthorExpectsIsWhatIsListed) {
  rig_.control.answer("POST /v1/apply?expect=1.42", 200, kDone);

  EXPECT_EQ(rig_.run("apply -n shop --prune --expect 1.42 -f " + file()), ExitCode::kOk);
  EXPECT_EQ(rig_.run("apply -n shop --prune --expect 1.41 -f " + file()), ExitCode::kConflict);
  EXPECT_THAT(rig_.err(), HasSubstr("heddle diff --version 1.41"));
}

TEST_F(CliPrune, WhatMayNotBeReadIsNotPruned) {
  rig_.control.answer("GET /v1/resources/workloads?namespace=shop", 403,
                      R"({"reason":"forbidden","message":"not for this token"})");

  EXPECT_EQ(rig_.run("apply -n shop --prune -f " + file()), ExitCode::kFailure);
  EXPECT_THAT(rig_.err(), HasSubstr("--prune lists workloads: not for this token"));
}

TEST_F(CliPrune, TheCommandLineSaysOfWhat) {
  for (std::string_view words :
       {"apply --prune -f a", "plan --prune -f a", "diff --prune -f a", "apply -l app=web -f a", "plan -l app=web -f a",
        "apply -n shop --prune --stages 1%,100% -f a", "diff -n shop --prune --version 1.1",
        "apply --prune -l app~web -f a"}) {
    EXPECT_EQ(rig_.run(words), ExitCode::kUsage) << words;
  }
  EXPECT_TRUE(rig_.control.lines.empty());
}
}  // namespace
}  // namespace heddle
