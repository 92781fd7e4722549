// Rotation of the root through a whole control plane on loopback: what its API, its files and its own certificate say
// in each phase, and after a kill.
#include "certs/peer_certificate.h"
#include "certs/verify.h"
#include "lib/base/json.h"
#include "lib/base/strings.h"
#include "tests/support/control_rig.h"

namespace heddle {
namespace {
class ControlCaTest : public testing::Test {
 protected:
  std::string field(std::string_view name) {
    return std::string(JsonValue::parse(rig_.call("GET", "/v1/ca").body)->find(name)->as_string().value_or(""));
  }
  RpcResponse step(std::string_view step, std::string body = "") {
    return rig_.call("POST", str_cat("/v1/ca/", step), std::move(body));
  }
  std::vector<std::string> trusted() { return rig_.bundle()->find("cluster.local")->pins(); }
  void kill_and_start() {
    rig_.crash();
    rig_.start();
  }
  ControlRig rig_;
};

TEST_F(ControlCaTest, EachPhaseIsInTheFilesAndSurvivesAKill) {
  std::string first = trusted().front();

  EXPECT_EQ(step("prepare").status, 200);
  EXPECT_EQ(trusted().size(), 2U);
  EXPECT_EQ(trusted().front(), first);
  kill_and_start();
  EXPECT_EQ(field("phase"), "prepared");

  EXPECT_EQ(step("activate").status, 200);
  EXPECT_EQ(trusted().size(), 2U);
  EXPECT_NE(trusted().front(), first);
  kill_and_start();
  EXPECT_EQ(field("phase"), "activated");

  EXPECT_EQ(step("retire").status, 200);
  EXPECT_EQ(trusted().size(), 1U);
  EXPECT_NE(trusted().front(), first);
  kill_and_start();
  EXPECT_EQ(field("phase"), "steady");
}

TEST_F(ControlCaTest, TheControlPlanesOwnCertificateFollowsAtOnce) {
  auto only_old = rig_.bundle();
  auto old_svid = rig_.new_svid();
  ASSERT_EQ(step("prepare").status, 200);
  ASSERT_EQ(step("activate", str_cat(R"({"except":[")", serial_of(old_svid->chain.front().get()), R"("]})")).status,
            200);

  // rig_.call() believes root.pem alone, so an answer proves a certificate of one of its roots.
  auto new_svid = rig_.renew(*old_svid);

  ASSERT_TRUE(new_svid) << new_svid.error().text();
  EXPECT_FALSE(verify_peer(new_svid->chain, *only_old, new_svid->issued_at));
  EXPECT_TRUE(verify_peer(new_svid->chain, *rig_.bundle(), new_svid->issued_at));
}

TEST_F(ControlCaTest, ASidecarThatSaidNothingIsNamedInTheRefusal) {
  ScriptedSidecar sidecar(rig_, rig_.new_svid());
  sidecar.connect({});
  ASSERT_TRUE(sidecar.await_batch());
  ASSERT_EQ(step("prepare").status, 200);

  RpcResponse answer = step("activate");

  EXPECT_EQ(answer.status, 409);
  EXPECT_NE(answer.body.find("web-1 (spiffe://cluster.local/ns/default/sa/web)"), std::string::npos) << answer.body;
  EXPECT_EQ(field("phase"), "prepared");
  EXPECT_NE(rig_.read("audit.log").find(R"("audit":"ca-activate","status":"conflict")"), std::string::npos);
}

TEST_F(ControlCaTest, ASidecarThatSaysItTrustsBothLetsTheNewRootSign) {
  ScriptedSidecar sidecar(rig_, rig_.new_svid());
  sidecar.connect({});
  ASSERT_TRUE(sidecar.await_batch());
  ASSERT_EQ(step("prepare").status, 200);
  auto roots = *DomainRoots::parse_pem(*TrustDomain::parse("cluster.local"), rig_.read("root.pem"));

  sidecar.say(WatchTrustInUse{roots->digest(), roots->pins().front()});

  // Two connections: the step may overtake what was said before it.
  RpcResponse answer = step("activate");
  for (int tries = 0; answer.status != 200 && tries < 100; ++tries) answer = step("activate");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(step("retire").status, 409) << "its certificate is of the old root";
}

TEST_F(ControlCaTest, AnUnknownStepAndABadBodyAreRefused) {
  EXPECT_EQ(step("explode").status, 404);
  EXPECT_EQ(step("prepare", R"({"force":true})").status, 400);
  EXPECT_EQ(step("prepare", R"({"except":["nobody"]})").status, 400);
  EXPECT_EQ(rig_.call_as("", "POST", "/v1/ca/prepare").status, 401);
  EXPECT_EQ(field("phase"), "steady");
}
}  // namespace
}  // namespace heddle
