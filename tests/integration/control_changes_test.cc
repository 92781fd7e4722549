// Changes through the whole control plane on loopback: who, why, what was expected, what was, and the way back; and
// what a sidecar's refusal means to who waits.
#include "lib/base/strings.h"
#include "tests/support/control_rig.h"

namespace heddle {
namespace {
std::string backends_at(int port) {
  return str_cat(R"({"apiVersion":"heddle.dev/v1","kind":"BackendSet","metadata":{"name":"hello"},"spec":{)",
                 R"("endpoints":[{"address":"127.0.0.1","port":)", std::to_string(port), R"(}],"tls":"plaintext"}})");
}
std::string list_of(std::string_view items) { return str_cat(R"({"kind":"List","items":[)", items, "]}"); }
constexpr char kService[] = R"({"apiVersion":"heddle.dev/v1","kind":"Service","metadata":{"name":"hello"},)"
                            R"("spec":{"ports":[{"port":80,"protocol":"http"}]}})";
constexpr char kBackends[] = "/v1/resources/backendsets/default/hello";

bool contains(const RpcResponse& answer, std::string_view text) { return answer.body.find(text) != std::string::npos; }

class ControlChangesTest : public testing::Test {
 protected:
  RpcResponse apply(std::string_view query, std::string_view items) {
    return rig_.call("POST", str_cat("/v1/apply?", query), list_of(items));
  }
  RpcResponse get(std::string_view target) { return rig_.call("GET", target); }
  ControlRig rig_;
};

TEST_F(ControlChangesTest, OfTwoWhoSawTheSameVersionOneIsRefused) {
  rig_.apply(backends_at(1));

  RpcResponse first = apply("expect=1.1", backends_at(2));
  RpcResponse second = apply("expect=1.1", backends_at(3));

  EXPECT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(second.status, 409);
  EXPECT_TRUE(contains(second, R"("path":"expect")")) << second.body;
  EXPECT_TRUE(contains(second, "heddle diff --version 1.1")) << second.body;
  EXPECT_FALSE(contains(get(kBackends), R"("port":3)"));
}

TEST_F(ControlChangesTest, WhatIsDeletedBesideAnApplyIsTheSameTransaction) {
  rig_.apply(str_cat(backends_at(1), ",", kService));
  auto both = [this](std::string_view query, std::string_view items, std::string_view erased) {
    std::string body = str_cat(R"({"kind":"List","items":[)", items, R"(],"delete":[)", erased, "]}");
    return rig_.call("POST", str_cat("/v1/apply?", query), std::move(body));
  };
  constexpr std::string_view kSet = R"("BackendSet/default/hello")";
  constexpr std::string_view kAll = R"("Service/default/hello","BackendSet/default/hello")";

  EXPECT_EQ(both("", "", kSet).status, 400) << "the Service refers to it: judged as a whole";
  EXPECT_EQ(both("", "", R"("Service/default/none")").status, 404);
  EXPECT_EQ(both("", backends_at(2), kSet).status, 400) << "it stands in both";
  EXPECT_EQ(both("expect=1.99", "", kAll).status, 409);
  EXPECT_EQ(get(kBackends).status, 200) << "nothing of these was made";
  EXPECT_TRUE(contains(both("dryRun=true&changes=true", "", kAll), R"("result":"deleted","before":)"));
  RpcResponse done = both("message=gone", "", kAll);

  EXPECT_EQ(done.status, 200) << done.body;
  EXPECT_TRUE(contains(done, R"({"version":"1.2","results":[{"key":"Service/default/hello","result":"deleted"})"));
  EXPECT_EQ(get(kBackends).status, 404);
  EXPECT_TRUE(contains(get("/v1/history?limit=1"), R"("message":"gone","changes":2)"));
}

TEST_F(ControlChangesTest, WhoAndWhyOutliveACrash) {
  apply("message=the%20first", backends_at(1));
  rig_.call("DELETE", str_cat(kBackends, "?message=no%20more"));
  rig_.crash();
  rig_.start();

  RpcResponse history = get("/v1/history?limit=5");
  RpcResponse shown = get("/v1/history/1.2");

  EXPECT_TRUE(contains(history, R"("message":"the first","changes":1)")) << history.body;
  EXPECT_FALSE(contains(history, R"("author":"")")) << history.body;
  EXPECT_TRUE(contains(shown, R"("message":"no more")")) << shown.body;
  EXPECT_TRUE(contains(shown, R"({"key":"BackendSet/default/hello","result":"deleted","before":)")) << shown.body;
  EXPECT_TRUE(contains(get("/v1/history?resource=BackendSet/default/hello"), R"("result":"deleted")"));
}

TEST_F(ControlChangesTest, ARollbackPublishesTheOldContentAsANewVersion) {
  rig_.apply(str_cat(backends_at(1), ",", kService));
  rig_.apply(backends_at(2));
  rig_.call("DELETE", "/v1/resources/services/default/hello");

  RpcResponse dry = rig_.call("POST", "/v1/rollback?dryRun=true&changes=true", R"({"to":"1.1"})");
  RpcResponse done = rig_.call("POST", "/v1/rollback", R"({"to":"1.1"})");

  EXPECT_EQ(dry.status, 200) << dry.body;
  EXPECT_TRUE(contains(dry, R"("before":)")) << dry.body;
  EXPECT_EQ(done.status, 200) << done.body;
  EXPECT_TRUE(contains(done, R"({"version":"1.4",)")) << done.body;
  EXPECT_TRUE(contains(get("/v1/diff?from=1.1&to=1.4"), R"("changes":[])"));
  EXPECT_TRUE(contains(get("/v1/history/1.4"), R"("message":"rollback to 1.1")"));
  EXPECT_NE(rig_.read("audit.log").find(R"("rollback")"), std::string::npos);
}

TEST_F(ControlChangesTest, WhatIsNotKeptOrNotAVersionIsSaid) {
  rig_.apply(backends_at(1));

  for (const char* target : {"/v1/history/1.9", "/v1/history/2.1", "/v1/diff?from=1.9", "/v1/history/1.0"}) {
    EXPECT_EQ(get(target).status, 404) << target;
  }
  EXPECT_TRUE(contains(get("/v1/history/1.9"), "the oldest that is kept is 1.0, the newest 1.1"));
  EXPECT_EQ(rig_.call("POST", "/v1/rollback", R"({"to":"1.9"})").status, 404);
  for (const char* target : {"/v1/history/new", "/v1/history?limit=0", "/v1/history?limit=1001", "/v1/diff",
                             "/v1/history?resource=nothing", "/v1/history/1.1?all=perhaps"}) {
    EXPECT_EQ(get(target).status, 400) << target;
  }
  EXPECT_EQ(rig_.call("POST", "/v1/rollback", R"({"to":"1.1","from":"1.2"})").status, 400);
  EXPECT_EQ(apply("message=%0a", backends_at(2)).status, 400);
  EXPECT_EQ(apply("changes=true", backends_at(2)).status, 400) << "it goes with a dry run";
}

TEST_F(ControlChangesTest, ADryRunWithChangesShowsBothDocumentsAndKeepsNothing) {
  rig_.apply(backends_at(1));

  RpcResponse dry = apply("dryRun=true&changes=true", backends_at(2));

  EXPECT_EQ(dry.status, 200);
  EXPECT_LT(dry.body.find(R"("port":1)"), dry.body.find(R"("port":2)"));
  EXPECT_TRUE(contains(get(kBackends), R"("port":1)"));
}

TEST_F(ControlChangesTest, ARefusalOfASidecarEndsTheWaitAndStandsInTheResource) {
  rig_.apply(str_cat(backends_at(1), ",", kService));
  ScriptedSidecar sidecar{rig_, rig_.new_svid()};
  sidecar.connect({*ResourceKey::parse("Service/default/hello")});
  ASSERT_TRUE(sidecar.await_batch());
  sidecar.ack();
  EXPECT_EQ(get("/v1/wait?version=1.1&timeout=50s").status, 200);
  EXPECT_TRUE(contains(get(kBackends), R"("reason":"Programmed","status":"True","type":"Programmed")"));

  rig_.apply(backends_at(2));
  ASSERT_TRUE(sidecar.await_batch());
  sidecar.say(sidecar.replica.nack());
  RpcResponse waited = get("/v1/wait?version=1.2&timeout=10m");
  RpcResponse shown = get(kBackends);

  EXPECT_EQ(waited.status, 400);
  EXPECT_TRUE(contains(waited, R"("end":"refused")")) << waited.body;
  EXPECT_TRUE(contains(waited, R"("path":"spec","message":"the test refuses it)")) << waited.body;
  EXPECT_TRUE(contains(shown, R"("reason":"Refused","status":"False","type":"Programmed")")) << shown.body;
  EXPECT_TRUE(contains(shown, "spec: the test refuses it")) << shown.body;
}
}  // namespace
}  // namespace heddle
