// Federation through a whole control plane on loopback: what is applied, what sidecars are told, what its API says.
#include "certs/jwks.h"
#include "lib/base/json.h"
#include "lib/base/strings.h"
#include "tests/support/control_rig.h"
#include "tests/support/test_ca.h"

namespace heddle {
namespace {
std::string partner(const TestCa& ca) {
  return str_cat(R"({"apiVersion":"heddle.dev/v1","kind":"FederatedTrustDomain","metadata":{"name":"partner"},)",
                 R"("spec":{"trustDomain":")", ca.trust_domain().name(), R"(","bundle":)", *to_jwks(*ca.roots()), "}}");
}

class ControlFederationTest : public testing::Test {
 protected:
  // Says hello as one that takes trust messages.
  void connect() {
    sidecar_.connect({});
    ASSERT_TRUE(sidecar_.await_batch());
    sidecar_.ack();
    WatchHello hello{.node = "web-1", .software = "test"};
    hello.features = {std::string(kTrustFeature)};
    sidecar_.say(hello);
    ASSERT_TRUE(rig_.run_until([this] { return !sidecar_.replica.trusts().empty(); }));
  }
  const FederatedTexts& told() const { return sidecar_.replica.trusts().back().federated; }
  std::string federation() { return rig_.call("GET", "/v1/federation").body; }
  RpcResponse erase() { return rig_.call("DELETE", "/v1/resources/federatedtrustdomains/default/partner"); }
  std::string attestation() {
    auto key = *PrivateKey::generate();
    SpiffeId id = *SpiffeId::parse("spiffe://cluster.local/ns/default/sa/web");
    std::string body;
    JsonWriter(body)
        .begin_object()
        .field("token", rig_.join_token())
        .field("csr", Csr::create(*key, id)->to_pem())
        .end_object();
    return rig_.call_watch_port(nullptr, "/v1/attest", body).body;
  }

  TestCa partner_{"partner.test"};
  ControlRig rig_;
  ScriptedSidecar sidecar_{rig_, rig_.new_svid()};
};

TEST_F(ControlFederationTest, SidecarsAreToldOfABundleAndOfItsEnd) {
  connect();
  EXPECT_TRUE(told().empty());

  rig_.apply(partner(partner_));
  ASSERT_TRUE(rig_.run_until([this] { return !told().empty(); }));
  std::string text = told().at("partner.test");
  EXPECT_EQ(erase().status, 200);

  EXPECT_EQ((*parse_jwks(partner_.trust_domain(), text))->pins(), partner_.roots()->pins());
  EXPECT_TRUE(rig_.run_until([this] { return told().empty(); })) << "it is revoked at once";
}

TEST_F(ControlFederationTest, EveryCertificateComesWithTheBundles) {
  EXPECT_EQ(attestation().find("federated"), std::string::npos);

  rig_.apply(partner(partner_));

  auto answer = JsonValue::parse(attestation());
  ASSERT_TRUE(answer);
  auto bundle = answer->find({"federated", "partner.test"});
  ASSERT_TRUE(bundle) << answer->compact();
  EXPECT_EQ((*parse_jwks(partner_.trust_domain(), bundle->compact()))->pins(), partner_.roots()->pins());
}

TEST_F(ControlFederationTest, TheApiSaysWhatIsInForceAndWhoUsesIt) {
  rig_.apply(partner(partner_));
  connect();
  TrustBundle bundle;
  bundle.replace(partner_.roots());
  std::string digest = federated_digest(bundle, *TrustDomain::parse("cluster.local"));

  sidecar_.say(WatchTrustInUse{std::string(64, 'a'), "", digest});

  EXPECT_TRUE(rig_.run_until([] { return true; }));
  std::string said = federation();
  // Two connections: the question may overtake what was said before it.
  for (int tries = 0; said.find(R"("newest":1)") == std::string::npos && tries < 100; ++tries) said = federation();
  EXPECT_NE(said.find(str_cat(R"("digest":")", digest, R"(")")), std::string::npos) << said;
  EXPECT_NE(said.find(R"("source":"given")"), std::string::npos) << said;
  EXPECT_NE(said.find(R"("connected":1,"newest":1)"), std::string::npos) << said;
}

TEST_F(ControlFederationTest, MetricsFollowTheListOfDomains) {
  auto shows = [this](std::string_view line) { return rig_.metrics().render().find(line) != std::string::npos; };
  EXPECT_FALSE(shows("partner.test"));

  rig_.apply(partner(partner_));
  EXPECT_TRUE(shows("heddle_control_federation_roots{trust_domain=\"partner.test\"} 1\n"));
  EXPECT_TRUE(shows("heddle_control_federation_age_seconds{trust_domain=\"partner.test\"} -1\n"));

  EXPECT_EQ(erase().status, 200);
  EXPECT_FALSE(shows("partner.test"));
}

TEST_F(ControlFederationTest, NobodyFederatesWithHimself) {
  RpcResponse refused =
      rig_.call("POST", "/v1/apply", str_cat(R"({"kind":"List","items":[)", partner(TestCa("cluster.local")), "]}"));

  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.body.find("own trust domain"), std::string::npos) << refused.body;
}

TEST_F(ControlFederationTest, AFederatedWorkloadReachesNothingOfTheControlPlane) {
  rig_.apply(partner(partner_));
  auto stranger = std::make_shared<const Svid>(partner_.issue("spiffe://partner.test/ns/a/sa/b"));

  ScriptedSidecar member(rig_, stranger);
  member.connect({});

  EXPECT_FALSE(member.is_open());
}
}  // namespace
}  // namespace heddle
