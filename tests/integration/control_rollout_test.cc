// A staged rollout through the whole control plane on loopback: the API on one side, a sidecar on the other.
#include "lib/base/json.h"
#include "lib/base/strings.h"
#include "tests/support/control_rig.h"

namespace heddle {
namespace {
constexpr std::string_view kRouteKey = "HTTPRoute/default/hello";
constexpr std::string_view kHello =
    R"({"apiVersion":"heddle.dev/v1","kind":"BackendSet","metadata":{"name":"hello"},"spec":{)"
    R"("endpoints":[{"address":"127.0.0.1","port":8080}],"tls":"plaintext"}},)"
    R"({"apiVersion":"heddle.dev/v1","kind":"Service","metadata":{"name":"hello"},)"
    R"("spec":{"ports":[{"port":80,"protocol":"http"}]}})";

std::string route_to(std::string_view set) {
  return str_cat(R"({"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute","metadata":{"name":"hello"},)",
                 R"("spec":{"parentRefs":[{"group":"","kind":"Service","name":"hello"}],"rules":[{"backendRefs":[)",
                 R"({"group":"heddle.dev","kind":"BackendSet","name":")", set, R"("}]}]}})");
}
std::string rollout_of(std::string_view items, std::string_view more = "") {
  return str_cat(R"({"stages":["node=web-1","100%"],"watch":"10m",)", more, R"("list":{"kind":"List","items":[)", items,
                 "]}}");
}

class ControlRolloutTest : public testing::Test {
 protected:
  ControlRolloutTest() {
    rig_.apply(kHello);
    sidecar_.connect({*ResourceKey::parse("Service/default/hello")});
    await_and_ack();
  }
  void await_and_ack() {
    ASSERT_TRUE(sidecar_.await_batch());
    sidecar_.ack();
  }
  RpcResponse start(std::string body = rollout_of(route_to("hello"))) {
    return rig_.call("POST", "/v1/rollouts", std::move(body));
  }
  std::string token_of(std::string_view name, std::string_view role, std::string_view ns) {
    RpcResponse made = rig_.call(
        "POST", "/v1/access",
        str_cat(R"({"name":")", name, R"(","grants":[{"role":")", role, R"(","namespaces":[")", ns, R"("]}]})"));
    EXPECT_EQ(made.status, 200) << made.body;
    return std::string(JsonValue::parse(made.body)->find({"token"})->as_string().value_or(""));
  }
  uint16_t step_as(std::string_view token, std::string_view step) {
    return rig_.call_as(token, "POST", str_cat("/v1/rollouts/", step)).status;
  }
  RpcResponse show() { return rig_.call("GET", "/v1/rollouts"); }
  bool has_route() const { return sidecar_.replica.content().contains(std::string(kRouteKey)); }
  // Until the rollout says so.
  void wait_for(std::string_view text) {
    std::string last;
    for (int tries = 0; tries < 20'000 && last.find(text) == std::string::npos; ++tries) last = show().body;
    EXPECT_NE(last.find(text), std::string::npos) << last;
  }

  ControlRig rig_;
  ScriptedSidecar sidecar_{rig_, rig_.new_svid()};
};

TEST_F(ControlRolloutTest, ThereIsNoneAtFirst) {
  EXPECT_EQ(show().body, R"({"rollout":null})");
  EXPECT_EQ(rig_.call("POST", "/v1/rollouts/abort").status, 404);
  EXPECT_EQ(rig_.call("POST", "/v1/rollouts/forward").status, 404);
}

TEST_F(ControlRolloutTest, TheStageGetsItAndAbortTakesItBack) {
  Version before = *sidecar_.replica.version();
  RpcResponse started = start();
  ASSERT_EQ(started.status, 200) << started.body;
  await_and_ack();

  EXPECT_TRUE(has_route());
  EXPECT_EQ(sidecar_.replica.version(), before);
  wait_for(R"("phase":"watching")");
  EXPECT_EQ(rig_.call("GET", "/v1/resources/httproutes/default/hello").status, 404) << "it is in no version";
  ASSERT_EQ(rig_.call("POST", "/v1/rollouts/abort").status, 200);
  await_and_ack();

  EXPECT_FALSE(has_route());
  EXPECT_NE(show().body.find(R"("phase":"aborted")"), std::string::npos);
  for (std::string_view line : {"rollout-start", "rollout-abort"}) {
    EXPECT_NE(rig_.read("audit.log").find(line), std::string::npos) << line;
  }
}

TEST_F(ControlRolloutTest, PromotedItIsAVersionThatTheStageHoldsAlready) {
  Version before = *sidecar_.replica.version();
  ASSERT_EQ(start().status, 200);
  await_and_ack();
  ASSERT_EQ(rig_.call("POST", "/v1/rollouts/promote").status, 200);

  wait_for(R"("phase":"promoted")");
  std::string version = Version{before.epoch, before.sequence + 1}.text();
  RpcResponse waited = rig_.call("GET", str_cat("/v1/wait?timeout=50s&version=", version));

  EXPECT_EQ(waited.status, 200) << waited.body;
  EXPECT_EQ(sidecar_.replica.begins().size(), 2U) << "no batch for what it holds";
  EXPECT_EQ(rig_.call("GET", "/v1/resources/httproutes/default/hello").status, 200);
}

TEST_F(ControlRolloutTest, WhoMayApplyItMaySeeAndStepIt) {
  std::string editor = token_of("ci", "editor", "default");
  ASSERT_EQ(rig_.call_as(editor, "POST", "/v1/rollouts", rollout_of(route_to("hello"))).status, 200);

  EXPECT_NE(rig_.call_as(editor, "GET", "/v1/rollouts").body.find(kRouteKey), std::string::npos);
  EXPECT_EQ(step_as(editor, "pause"), 200);
  EXPECT_EQ(step_as(token_of("night", "operator", "*"), "resume"), 200);
  EXPECT_EQ(step_as(editor, "abort"), 200);
}

TEST_F(ControlRolloutTest, OthersMayNotAndLearnNothingOfIt) {
  ASSERT_EQ(start().status, 200);
  std::string other = token_of("other", "editor", "web");
  std::string viewer = token_of("dashboard", "viewer", "*");

  RpcResponse seen = rig_.call_as(other, "GET", "/v1/rollouts");

  EXPECT_EQ(seen.status, 403);
  EXPECT_EQ(seen.body.find("hello"), std::string::npos) << seen.body;
  EXPECT_NE(seen.body.find("role viewer for all namespaces, or the roles to apply"), std::string::npos) << seen.body;
  EXPECT_EQ(rig_.call_as(viewer, "GET", "/v1/rollouts").status, 200);
  for (std::string_view step : {"pause", "promote", "abort"}) {
    EXPECT_EQ(step_as(other, step), 403) << step;
    EXPECT_EQ(step_as(viewer, step), 403) << step;
  }
  EXPECT_EQ(step_as(token_of("here", "viewer", "default"), "abort"), 403);
  EXPECT_NE(show().body.find(R"("phase":"pending")"), std::string::npos) << show().body;
  EXPECT_NE(rig_.read("audit.log").find("POST /v1/rollouts/abort"), std::string::npos);
}

TEST_F(ControlRolloutTest, MessageAndExpectedVersionAreThoseOfAnApply) {
  std::string now = sidecar_.replica.version()->text();
  auto start_with = [&](std::string_view query) {
    return rig_.call("POST", str_cat("/v1/rollouts?", query), rollout_of(route_to("hello")));
  };

  RpcResponse stale = start_with("expect=1.999");
  EXPECT_EQ(stale.status, 409);
  EXPECT_NE(stale.body.find("heddle diff --version 1.999"), std::string::npos) << stale.body;
  EXPECT_EQ(start_with("dryRun=true").status, 400);
  EXPECT_EQ(show().body, R"({"rollout":null})");

  RpcResponse started = start_with(str_cat("message=ticket%207&expect=", now));
  ASSERT_EQ(started.status, 200) << started.body;
  EXPECT_NE(started.body.find(R"("message":"ticket 7")"), std::string::npos) << started.body;
  ASSERT_EQ(rig_.call("POST", "/v1/rollouts/promote").status, 200);
  wait_for(R"("phase":"promoted")");
  EXPECT_NE(rig_.call("GET", "/v1/history").body.find(R"("message":"ticket 7")"), std::string::npos);
}

TEST_F(ControlRolloutTest, WhatIsDeletedIsNeverStaged) {
  std::string body = rollout_of(route_to("hello"));
  body.replace(body.size() - 2, 2, R"(,"delete":["Service/default/hello"]}})");

  RpcResponse refused = start(std::move(body));

  EXPECT_EQ(refused.status, 400) << refused.body;
  EXPECT_NE(refused.body.find("is never staged"), std::string::npos) << refused.body;
  EXPECT_EQ(show().body, R"({"rollout":null})");
}

TEST_F(ControlRolloutTest, WarnsAsAnApplyDoes) {
  std::string grpc = route_to("hello");
  grpc.replace(grpc.find("HTTPRoute"), std::string_view("HTTPRoute").size(), "GRPCRoute");

  RpcResponse started = start(rollout_of(str_cat(route_to("hello"), ",", grpc)));

  ASSERT_EQ(started.status, 200) << started.body;
  EXPECT_NE(started.body.find(R"("warnings":[{"resource":")"), std::string::npos) << started.body;
  EXPECT_EQ(show().body.find("warnings"), std::string::npos);
}

TEST_F(ControlRolloutTest, WhatItChangesIsRefusedBesideIt) {
  ASSERT_EQ(start().status, 200);
  std::string list = str_cat(R"({"kind":"List","items":[)", route_to("hello"), "]}");

  RpcResponse apply = rig_.call("POST", "/v1/apply", list);
  RpcResponse plan = rig_.call("POST", "/v1/plan", list);
  RpcResponse second = start();

  EXPECT_EQ(apply.status, 409);
  EXPECT_NE(apply.body.find("heddle rollout promote or abort"), std::string::npos) << apply.body;
  EXPECT_EQ(plan.status, 409) << "a plan is judged as an apply: " << plan.body;
  EXPECT_EQ(second.status, 409);
}

TEST_F(ControlRolloutTest, APlanOfSomethingElseSaysThatOneRuns) {
  ASSERT_EQ(start().status, 200);
  std::string list = str_cat(R"({"kind":"List","items":[)", kHello, "]}");
  list.replace(list.find("8080"), 4, "8081");

  RpcResponse plan = rig_.call("POST", "/v1/plan?replay=false", list);

  EXPECT_EQ(plan.status, 200) << plan.body;
  EXPECT_NE(plan.body.find("the sidecars in it have its change"), std::string::npos) << plan.body;
}

TEST_F(ControlRolloutTest, MetricsTellIt) {
  ASSERT_EQ(start().status, 200);

  std::string shown = rig_.metrics().render();

  EXPECT_NE(shown.find("heddle_control_rollout_stage 1\n"), std::string::npos);
  EXPECT_NE(shown.find("heddle_control_first_batches_waiting 0\n"), std::string::npos);
  EXPECT_NE(shown.find("heddle_control_handshakes_waiting 0\n"), std::string::npos);
}

TEST_F(ControlRolloutTest, SurvivesACrash) {
  ASSERT_EQ(start().status, 200);
  await_and_ack();
  rig_.crash();
  rig_.start();

  EXPECT_NE(show().body.find(R"("phase":"pending")"), std::string::npos) << show().body;
  EXPECT_NE(show().body.find(kRouteKey), std::string::npos);
}

TEST_F(ControlRolloutTest, RefusesWhatIsNoRollout) {
  std::string bad_route = route_to("nobody");
  std::string endpoints =
      R"({"apiVersion":"heddle.dev/v1","kind":"BackendSet","metadata":{"name":"hello"},"spec":{"endpoints":[]}})";

  for (const auto& [body, text] :
       {std::pair(std::string("nonsense"), "reason"), std::pair(std::string(R"({"stages":["1%","100%"]})"), "list"),
        std::pair(rollout_of(bad_route), "backendRefs"), std::pair(rollout_of(endpoints), "never staged"),
        std::pair(rollout_of(kHello), "changes nothing"),
        std::pair(rollout_of(route_to("hello"), R"("maxErrors":1,)"), "maxErrors")}) {
    RpcResponse answer = start(body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_NE(answer.body.find(text), std::string::npos) << answer.body;
  }
  EXPECT_EQ(show().body, R"({"rollout":null})");
}
}  // namespace
}  // namespace heddle
