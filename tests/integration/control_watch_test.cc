// The whole control plane on loopback, seen by a sidecar: watch streams over mutual TLS.
#include "lib/base/strings.h"
#include "tests/support/control_rig.h"

namespace heddle {
namespace {
std::string backends_at(int port) {
  return str_cat(R"({"apiVersion":"heddle.dev/v1","kind":"BackendSet","metadata":{"name":"hello"},"spec":{)",
                 R"("endpoints":[{"address":"127.0.0.1","port":)", std::to_string(port), R"(}],"tls":"plaintext"}})");
}
std::string hello_at(int port) {
  return str_cat(backends_at(port), R"(,{"apiVersion":"heddle.dev/v1","kind":"Service","metadata":{"name":"hello"},)",
                 R"("spec":{"ports":[{"port":80,"protocol":"http"}]}})");
}

class ControlWatchTest : public testing::Test {
 protected:
  ControlWatchTest() { rig_.apply(hello_at(8080)); }
  std::vector<ResourceKey> wants() const { return {*ResourceKey::parse("Service/default/hello")}; }
  void connect_and_settle() {
    sidecar_.connect(wants());
    ASSERT_TRUE(sidecar_.await_batch());
    sidecar_.ack();
  }
  RpcResponse wait(std::string_view version) {
    return rig_.call("GET", str_cat("/v1/wait?timeout=50s&version=", version));
  }

  ControlRig rig_;
  ScriptedSidecar sidecar_{rig_, rig_.new_svid()};
};

TEST_F(ControlWatchTest, ASidecarGetsASnapshotAndThenWhatChanges) {
  connect_and_settle();

  rig_.apply(backends_at(8081));
  ASSERT_TRUE(sidecar_.await_batch());
  sidecar_.ack();

  ASSERT_EQ(sidecar_.replica.begins().size(), 2U);
  EXPECT_EQ(sidecar_.replica.begins()[0].kind, BatchKind::kSnapshot);
  EXPECT_EQ(sidecar_.replica.begins()[1].kind, BatchKind::kDelta);
  EXPECT_NE(sidecar_.replica.content().at("BackendSet/default/hello").find("8081"), std::string::npos);
}

TEST_F(ControlWatchTest, WaitAnswersOnceTheSidecarAcknowledged) {
  connect_and_settle();
  std::string version = rig_.apply(backends_at(8081));

  RpcResponse early = rig_.call("GET", str_cat("/v1/wait?timeout=0s&version=", version));
  ASSERT_TRUE(sidecar_.await_batch());
  sidecar_.ack();
  RpcResponse answer = wait(version);

  EXPECT_EQ(early.status, 504);
  EXPECT_NE(early.body.find("web-1"), std::string::npos) << early.body;
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, str_cat(R"({"version":")", version, R"(","sidecars":1})"));
}

TEST_F(ControlWatchTest, StatusTellsWhatASidecarRunsAndRefused) {
  connect_and_settle();
  wait("1.1");
  RpcResponse live = rig_.call("GET", "/v1/status");
  rig_.apply(backends_at(8081));
  ASSERT_TRUE(sidecar_.await_batch());
  sidecar_.say(sidecar_.replica.nack());
  // Two connections: the question may overtake what was said before it.
  RpcResponse refused = rig_.call("GET", "/v1/status");
  for (int tries = 0; refused.body.find("the test refuses it") == std::string::npos && tries < 100; ++tries)
    refused = rig_.call("GET", "/v1/status");

  EXPECT_NE(live.body.find(R"("identity":"spiffe://cluster.local/ns/default/sa/web","address":"127.0.0.1:)"),
            std::string::npos)
      << live.body;
  EXPECT_NE(live.body.find(R"("connected":true,"state":"live","version":"1.1","runsVersion":"1.1","lag_versions":0)"),
            std::string::npos)
      << live.body;
  EXPECT_NE(refused.body.find(R"("runsVersion":"1.1","lag_versions":1)"), std::string::npos) << refused.body;
  EXPECT_NE(refused.body.find(R"("message":"the test refuses it")"), std::string::npos) << refused.body;
}

TEST_F(ControlWatchTest, ARestartIsResumedWithoutAResync) {
  connect_and_settle();
  wait("1.1");

  rig_.crash();
  EXPECT_TRUE(rig_.run_until([this] { return sidecar_.closed.has_value(); }));
  rig_.start();
  sidecar_.connect(wants());
  RpcResponse answer = wait("1.1");

  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(sidecar_.replica.begins().size(), 1U);
}

TEST_F(ControlWatchTest, WhatChangedMeanwhileComesAsADelta) {
  connect_and_settle();
  wait("1.1");
  sidecar_.disconnect();
  rig_.apply(backends_at(8081));

  rig_.crash();
  rig_.start();
  sidecar_.connect(wants());
  ASSERT_TRUE(sidecar_.await_batch());

  EXPECT_EQ(sidecar_.replica.begins().back().kind, BatchKind::kDelta);
  EXPECT_EQ(sidecar_.replica.begins().back().to.text(), "1.2");
}

TEST_F(ControlWatchTest, AMalformedLineEndsTheStream) {
  connect_and_settle();

  sidecar_.say_line("not json");

  EXPECT_TRUE(rig_.run_until([this] { return sidecar_.closed.has_value(); }));
}

TEST_F(ControlWatchTest, ASecondStreamOfTheSameNodeEndsTheFirst) {
  connect_and_settle();
  ScriptedSidecar again(rig_, rig_.new_svid());

  again.connect(wants());

  EXPECT_TRUE(rig_.run_until([this] { return sidecar_.closed.has_value(); }));
  EXPECT_TRUE(again.is_open());
}

TEST_F(ControlWatchTest, DrainTellsTheSidecarAndEndsWhenItLeft) {
  connect_and_settle();
  bool drained = false;

  rig_.server_->drain([&] { drained = true; });
  EXPECT_TRUE(rig_.run_until([this] { return sidecar_.replica.drains() == 1; }));
  EXPECT_FALSE(drained);
  sidecar_.disconnect();

  EXPECT_TRUE(rig_.run_until([&] { return drained; }));
}

TEST_F(ControlWatchTest, DrainDoesNotWaitForeverForASidecarThatStays) {
  connect_and_settle();
  bool drained = false;

  rig_.server_->drain([&] { drained = true; });

  EXPECT_TRUE(rig_.run_until([&] { return drained; }));
}

TEST_F(ControlWatchTest, WhoWaitsIsToldThatTheReplicaLeaves) {
  sidecar_.connect(wants());
  ASSERT_TRUE(sidecar_.await_batch());  // never acknowledged
  auto timer = rig_.loop.timer([this] { rig_.server_->drain([] {}); });
  timer->arm(50ms);

  RpcResponse answer = wait("1.1");

  EXPECT_EQ(answer.status, 503);
}
}  // namespace
}  // namespace heddle
