#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "tests/support/cli_rig.h"

namespace heddle {
namespace {
using testing::ElementsAre;
using testing::IsEmpty;

constexpr char kWorkload[] =
    "apiVersion: heddle.dev/v1\nkind: Workload\nmetadata: {name: hello}\nspec: {identity: spiffe://td/hello}\n";
constexpr char kApplied[] = R"({"version":"1.43","results":[
    {"key":"HTTPRoute/default/hello","result":"created"},{"key":"Service/default/hello","result":"configured"},
    {"key":"Workload/default/hello","result":"unchanged"}]})";

TEST(CliApply, PrintsWhatHappenedToEachResourceAndTheVersion) {
  CliRig rig;
  rig.control.answer("POST /v1/apply", 200, kApplied);

  EXPECT_EQ(rig.run("apply -f " + rig.file("a.yaml", kWorkload)), ExitCode::kOk);

  EXPECT_EQ(rig.out(),
            "httproute.gateway.networking.k8s.io/hello created\n"
            "service.heddle.dev/hello configured\n"
            "workload.heddle.dev/hello unchanged\n"
            "version 1.43\n");
  EXPECT_EQ(rig.err(), "");
}

TEST(CliApply, SaysWhatIsTakenAndCannotBeMeant) {
  CliRig rig;
  rig.control.answer("POST /v1/apply", 200, R"({"version":"1.43","results":[],"warnings":[
      {"resource":"HTTPRoute/shop/r","path":"spec.parentRefs[0]","message":"is not accepted"}]})");

  EXPECT_EQ(rig.run("apply -f " + rig.file("a.yaml", kWorkload)), ExitCode::kOk);

  EXPECT_EQ(rig.out(), "version 1.43\n");
  EXPECT_EQ(rig.err(), "warning: HTTPRoute shop/r: spec.parentRefs[0]: is not accepted\n");
}

TEST(CliApply, ADryRunSaysSoAndHasNoVersion) {
  CliRig rig;
  rig.control.answer("POST /v1/apply?dryRun=true", 200, kApplied);

  EXPECT_EQ(rig.run("apply --dry-run -f " + rig.file("a.yaml", kWorkload)), ExitCode::kOk);

  EXPECT_EQ(rig.out(),
            "httproute.gateway.networking.k8s.io/hello created (dry run)\n"
            "service.heddle.dev/hello configured (dry run)\n"
            "workload.heddle.dev/hello unchanged (dry run)\n");
}

TEST(CliApply, SendsEverythingAsOneListWithTheNamespaceFilledIn) {
  CliRig rig;
  rig.control.answer("POST /v1/apply", 200, kApplied);
  rig.input = kWorkload;
  std::string other = rig.file("b.yaml",
                               "apiVersion: heddle.dev/v1\nkind: Workload\nmetadata: {name: b, namespace: mine, "
                               "resourceVersion: '7'}\nspec: {identity: spiffe://td/b}\n");

  rig.run("apply -n shop -f - -f " + other);

  ASSERT_EQ(rig.control.requests.size(), 1U);
  EXPECT_EQ(
      rig.control.requests[0].body,
      R"({"kind":"List","items":[)"
      R"({"apiVersion":"heddle.dev/v1","kind":"Workload","metadata":{"name":"hello","namespace":"shop"},)"
      R"("spec":{"identity":"spiffe://td/hello"}},)"
      R"({"apiVersion":"heddle.dev/v1","kind":"Workload",)"
      R"("metadata":{"name":"b","namespace":"mine","resourceVersion":"7"},"spec":{"identity":"spiffe://td/b"}}]})");
}

TEST(CliApply, PrintsAllProblemsOfAllFilesAndSendsNothing) {
  CliRig rig;
  rig.input = "kind: [";
  std::string good = rig.file("good.yaml", kWorkload);
  std::string bad = rig.file("bad.yaml", std::string(kWorkload) +
                                             "---\napiVersion: heddle.dev/v1\nkind: Workload\nmetadata: {name: b}\n"
                                             "spec: {identity: b, color: red}\n");

  EXPECT_EQ(rig.run("apply -f " + good + " -f " + bad + " -f - -f " + rig.file("none.yaml", "") + " -f missing.yaml"),
            ExitCode::kFailure);

  EXPECT_EQ(rig.out(), "");
  EXPECT_EQ(
      rig.err(),
      "error: bad.yaml:6: Workload b: spec.identity: SPIFFE id \"b\" must begin with \"spiffe://\" in lower case\n"
      "bad.yaml:6: Workload b: spec.color: unknown field\n"
      "bad.yaml: Workload/default/hello: metadata.name: stands twice; the first is in good.yaml\n"
      "<stdin>: line 2, column 1: did not find expected node content\n"
      "none.yaml: holds no resource\n"
      "missing.yaml: cannot open: No such file or directory\n");
  EXPECT_THAT(rig.control.lines, IsEmpty());
}

TEST(CliApply, AResourceMayNotStandInTwoFiles) {
  CliRig rig;

  EXPECT_EQ(rig.run("apply -f " + rig.file("a.yaml", kWorkload) + " -f " + rig.file("b.yaml", kWorkload)),
            ExitCode::kFailure);

  EXPECT_EQ(rig.err(), "error: b.yaml: Workload/default/hello: metadata.name: stands twice; the first is in a.yaml\n");
}

TEST(CliApply, PrintsEveryProblemTheControlPlaneFinds) {
  CliRig rig;
  rig.control.answer("POST /v1/apply", 400, R"({"reason":"config-invalid","message":"2 problems","problems":[
      {"resource":"HTTPRoute/default/hello","path":"spec.rules[0].backendRefs[0].name","message":"no BackendSet \u001b[31m"},
      {"resource":"Service/default/hello","path":"","message":"stands alone"}]})");

  EXPECT_EQ(rig.run("apply -f " + rig.file("a.yaml", kWorkload)), ExitCode::kFailure);

  EXPECT_EQ(rig.err(),
            "error: config-invalid: the control plane refused this (2 problems)\n"
            "  HTTPRoute/default/hello: spec.rules[0].backendRefs[0].name: no BackendSet ?[31m\n"
            "  Service/default/hello: stands alone\n");
}

TEST(CliApply, AStaleResourceIsAConflict) {
  CliRig rig;
  rig.control.answer("POST /v1/apply", 409, R"({"reason":"conflict","message":"Workload/default/hello: is at 8"})");

  EXPECT_EQ(rig.run("apply -f " + rig.file("a.yaml", kWorkload)), ExitCode::kConflict);

  EXPECT_EQ(rig.err(),
            "error: conflict: Workload/default/hello: is at 8\n"
            "  the resource changed meanwhile: get it again\n");
}

TEST(CliApply, SaysThatTheControlPlaneCannotBeReached) {
  CliRig rig;
  rig.control.be_unreachable();

  EXPECT_EQ(rig.run("apply -f " + rig.file("a.yaml", kWorkload)), ExitCode::kUnreachable);

  EXPECT_EQ(rig.err(), "error: cannot reach the control plane at 127.0.0.1:15080\n");
}

TEST(CliValidate, NeedsNoControlPlane) {
  CliRig rig;

  EXPECT_EQ(rig.run("validate -f " + rig.file("a.yaml", kWorkload)), ExitCode::kOk);

  EXPECT_EQ(rig.out(), "1 resource is valid\n");
  EXPECT_THAT(rig.control.lines, IsEmpty());
}

TEST(CliValidate, WarnsOfARouteThatGivesWay) {
  auto route = [](std::string_view kind) {
    return str_cat("---\n{apiVersion: gateway.networking.k8s.io/v1, kind: ", kind, ", metadata: {name: r}, spec: ",
                   "{parentRefs: [{group: '', kind: Service, name: s}], rules: [{backendRefs: [{group: heddle.dev, ",
                   "kind: BackendSet, name: s}]}]}}\n");
  };
  std::string_view sets =
      "{apiVersion: heddle.dev/v1, kind: Service, metadata: {name: s}, spec: {ports: [{port: 80}]}}\n---\n"
      "{apiVersion: heddle.dev/v1, kind: BackendSet, metadata: {name: s}, spec: {}}\n";
  CliRig rig;
  std::string path = rig.file("a.yaml", str_cat(sets, route("HTTPRoute"), route("GRPCRoute")));

  EXPECT_EQ(rig.run("validate -f " + path), ExitCode::kOk);

  EXPECT_EQ(rig.out(), "4 resources are valid\n");
  EXPECT_EQ(rig.err(),
            "warning: HTTPRoute default/r: spec.parentRefs[0]: is not accepted for port 80 of Service default/s: "
            "GRPCRoute default/r is attached to it\n");
}

TEST(CliValidate, WarnsOfAnHttpRouteOnAPortOfTcp) {
  CliRig rig;
  std::string path = rig.file("a.yaml",
                              "{apiVersion: heddle.dev/v1, kind: Service, metadata: {name: s}, spec: {ports: [{port: "
                              "80, protocol: tcp}]}}\n---\n"
                              "{apiVersion: heddle.dev/v1, kind: BackendSet, metadata: {name: s}, spec: {}}\n---\n"
                              "{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r}, spec: "
                              "{parentRefs: [{group: '', "
                              "kind: Service, name: s, port: 80}], rules: [{backendRefs: [{group: heddle.dev, kind: "
                              "BackendSet, name: s}]}]}}\n");

  EXPECT_EQ(rig.run("validate -f " + path), ExitCode::kOk);

  EXPECT_EQ(rig.err(),
            "warning: HTTPRoute default/r: spec.parentRefs[0]: port 80 of Service default/s does not carry requests "
            "(protocol http, http2, grpc or auto): this HTTPRoute would judge nothing\n");
}

TEST(CliValidate, FindsReferencesThatLeadNowhere) {
  CliRig rig;
  std::string path = rig.file(
      "a.yaml", "{apiVersion: heddle.dev/v1, kind: Service, metadata: {name: s}, spec: {ports: [{port: 80}]}}");

  EXPECT_EQ(rig.run("validate -f " + path), ExitCode::kFailure);

  EXPECT_THAT(rig.err(), testing::StartsWith("error: Service default/s: spec.ports[0]"));
}
}  // namespace
}  // namespace heddle
