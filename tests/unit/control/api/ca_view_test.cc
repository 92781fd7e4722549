#include "control/api/ca_view.h"

#include <gtest/gtest.h>

#include "lib/base/json.h"
#include "tests/support/test_ca.h"

namespace heddle {
namespace {
constexpr WallTime kNow{1'800'000'000s};
const std::string kWeb = "spiffe://cluster.local/ns/default/sa/web";

NodeStatus row(std::string node, bool is_connected = true) {
  NodeStatus out;
  out.key = {kWeb, std::move(node)};
  out.is_connected = is_connected;
  return out;
}

Lineage lineage(std::string node, std::string serial, Duration left) {
  return {1, kWeb, std::move(serial), "", kNow + left, std::move(node)};
}

TEST(LiveSidecars, AreThoseWithAValidCertificateConnectedOrNot) {
  auto live = live_sidecars({}, {lineage("a", "01", 1h), lineage("b", "02", -1s), lineage("c", "03", 0s)}, kNow);

  ASSERT_EQ(live.size(), 1U);
  EXPECT_EQ(live[0].node, "a");
  EXPECT_FALSE(live[0].is_connected);
}

TEST(LiveSidecars, WhoIsConnectedIsLiveWhateverItsCertificate) {
  auto live = live_sidecars({row("a")}, {lineage("a", "01", -1h)}, kNow);

  ASSERT_EQ(live.size(), 1U);
  EXPECT_TRUE(live[0].is_connected);
}

TEST(LiveSidecars, WhoIsGoneIsJudgedByItsCertificateAlone) {
  EXPECT_TRUE(live_sidecars({row("a", false)}, {}, kNow).empty());
}

TEST(LiveSidecars, SeveralCertificatesOfOneSidecarAreOneRow) {
  NodeStatus connected = row("a");
  connected.trust = WatchTrustInUse{"bundle", "root"};

  auto live = live_sidecars({connected}, {lineage("a", "01", 1h), lineage("a", "02", 2h)}, kNow);

  ASSERT_EQ(live.size(), 1U);
  EXPECT_EQ(live[0].uses, (TrustInUse{"bundle", "root"}));
  EXPECT_EQ(live[0].serial, "02");
}

NodeStatus instance_row(std::string instance, std::string serial) {
  NodeStatus out = row("a");
  out.key.instance = std::move(instance);
  out.serial = std::move(serial);
  return out;
}

TEST(LiveSidecars, TwoThatAreConnectedWithOneNameAreWaitedForBoth) {
  NodeStatus ready = instance_row("x", "01");
  ready.trust = WatchTrustInUse{"bundle", "root"};
  NodeStatus late = instance_row("y", "02");

  RotationPlan plan({RotationPhase::kPrepared, "bundle", "root"},
                    live_sidecars({ready, late}, {lineage("a", "01", 1h), lineage("a", "02", 1h)}, kNow));

  ASSERT_EQ(plan.live().size(), 2U);
  ASSERT_EQ(plan.laggards(RotationStep::kActivate).size(), 1U);
  EXPECT_EQ(plan.laggards(RotationStep::kActivate)[0].sidecar.instance, "y");
}

TEST(LiveSidecars, OfTwoWithOneNameEachHasTheCertificateItShowed) {
  Lineage renewed = lineage("a", "05", 1h);
  renewed.previous = "01";

  auto live = live_sidecars({instance_row("x", "01"), instance_row("y", "02")},
                            {renewed, lineage("a", "02", 1h), lineage("a", "77", 1h)}, kNow);

  ASSERT_EQ(live.size(), 2U);
  EXPECT_EQ(live[0].serial, "05");
  EXPECT_EQ(live[1].serial, "02");
}

TEST(LiveSidecars, ACertificateThatWasNeverSeenInUseIsARowOfItsOwn) {
  auto live = live_sidecars({row("a")}, {lineage("", "01", 1h), lineage("", "02", 1h)}, kNow);

  ASSERT_EQ(live.size(), 3U);
  EXPECT_EQ(live[1].name(), "serial 01 (" + kWeb + ")");
}

TEST(OtherControlPlanes, AreTheRegistrysWithWhatTheyUse) {
  NodeRegistry registry;
  registry.on_replica_silent("b", kNow);
  registry.on_replica("c", kNow);
  registry.on_replica_trust("c", {"bundle", "root", ""});

  std::vector<ControlPlaneTrust> others = other_control_planes(registry.replicas(), kNow + 12s);

  ASSERT_EQ(others.size(), 2U);
  EXPECT_EQ(others[0].name, "b");
  EXPECT_EQ(others[0].unheard, Duration(12s));
  EXPECT_EQ(others[0].uses, std::nullopt);
  EXPECT_EQ(others[1].unheard, std::nullopt);
  EXPECT_EQ(others[1].uses, (TrustInUse{"bundle", "root"}));
}

TEST(CaView, NamesAControlPlaneThatIsWaitedFor) {
  TrustDomain domain = *TrustDomain::parse("cluster.local");
  CaState state{RotationPhase::kPrepared,
                2,
                kNow,
                *CertificateAuthority::create_root(domain, 24h, kNow),
                *CertificateAuthority::create_root(domain, 48h, kNow),
                nullptr};
  DomainRoots::Ptr bundle = *state.bundle();
  RotationPlan plan({state.phase, bundle->digest(), root_pin(*state.signer)}, {}, {{"b", 40, Duration(12s), {}}});
  CaOutlook outlook;

  JsonValue shown = *JsonValue::parse(ca_json({state, *bundle, outlook}, plan));

  EXPECT_EQ(shown.find("waitsFor")->at(0).find("controlPlane")->as_string(), "b");
}

TEST(CaView, ShowsRootsSidecarsAndWhoTheNextStepWaitsFor) {
  TrustDomain domain = *TrustDomain::parse("cluster.local");
  CaState state{RotationPhase::kPrepared,
                2,
                kNow,
                *CertificateAuthority::create_root(domain, 24h, kNow),
                *CertificateAuthority::create_root(domain, 48h, kNow),
                nullptr};
  DomainRoots::Ptr bundle = *state.bundle();
  LiveSidecar late{kWeb, "a", "01", true, TrustInUse{"older", root_pin(*state.signer)}};
  RotationPlan plan({state.phase, bundle->digest(), root_pin(*state.signer)}, {late});

  CaOutlook outlook;
  CaView view{state, *bundle, outlook};

  JsonValue shown = *JsonValue::parse(ca_json(view, plan));

  EXPECT_EQ(shown.find("phase")->as_string(), "prepared");
  EXPECT_EQ(shown.find("next")->as_string(), "activate");
  EXPECT_EQ(shown.find("roots")->at(0).find("state")->as_string(), "signs");
  EXPECT_EQ(shown.find("roots")->at(1).find("state")->as_string(), "prepared");
  EXPECT_EQ(shown.find("roots")->at(1).find("fingerprint")->as_string(), root_pin(*state.next));
  EXPECT_EQ(shown.find("sidecars")->at(0).find("bundle")->as_string(), "older");
  EXPECT_EQ(shown.find("sidecars")->at(0).find("certificate")->as_string(), "newest");
  EXPECT_EQ(shown.find("waitsFor")->at(0).find("node")->as_string(), "a");
  EXPECT_EQ(shown.find("source")->as_string(), "own");
  EXPECT_EQ(shown.find("chain")->size(), 0U);
  EXPECT_EQ(ca_json(view, plan).find("PRIVATE"), std::string::npos);
}

TEST(CaView, ShowsTheChainOfAGivenAuthorityAndWhatHappensByItself) {
  TestCa root("cluster.local");
  TestCa own = root.intermediate(CertSpec::authority("mesh"));
  Secret key = *own.key()->to_pem();
  auto signer =
      *CertificateAuthority::from_pem(root.trust_domain(), own.certificate_pem() + root.root_pem(), key.view());
  CaState state{RotationPhase::kSteady, 1, kNow, signer, nullptr, nullptr, TestCa("cluster.local").roots()};
  CaOutlook outlook;
  outlook.is_given = true;
  outlook.next = RotationSchedule::Due{RotationStep::kPrepare, kNow};
  outlook.alarm = RotationSchedule::Alarm::kWarn;
  outlook.problem = "the disk is full";
  DomainRoots::Ptr bundle = *state.bundle();

  JsonValue shown = *JsonValue::parse(ca_json({state, *bundle, outlook}, {{}, {}}));

  EXPECT_EQ(shown.find("source")->as_string(), "files");
  EXPECT_EQ(shown.find("chain")->at(0).find("fingerprint")->as_string(), signer->fingerprint());
  EXPECT_EQ(shown.find("roots")->at(0).find("state")->as_string(), "signs");
  EXPECT_EQ(shown.find("roots")->at(1).find("state")->as_string(), "trusted");
  EXPECT_EQ(shown.find("automatic")->find("step")->as_string(), "prepare");
  EXPECT_EQ(shown.find("automatic")->find("alarm")->as_string(), "warn");
  EXPECT_EQ(shown.find("automatic")->find("problem")->as_string(), "the disk is full");
}
}  // namespace
}  // namespace heddle
