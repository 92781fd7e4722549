#include "certs/issued_authority.h"

#include <gtest/gtest.h>

#include "certs/pem.h"
#include "certs/verify.h"
#include "tests/support/test_ca.h"

namespace heddle {
namespace {
constexpr std::string_view kDomain = "td.test";

class IssuedAuthorityTest : public testing::Test {
 protected:
  TestCa below(const CertSpec& spec) const { return root_.intermediate(spec); }
  static CertSpec spec() {
    CertSpec out = CertSpec::authority("mesh");
    out.uris = {"spiffe://td.test"};
    return out;
  }
  // What the operator gives: the chain without the root.
  Result<CertificateAuthority::Ptr> make(const TestCa& own, WallTime now = kTestNow) const {
    CertChain chain(own.chain().begin(), own.chain().end() - 1);
    return make_issued_authority({std::move(chain), own.key(), root_.roots()}, now);
  }
  std::string refusal(const TestCa& own, WallTime now = kTestNow) const {
    auto made = make(own, now);
    return made ? "accepted" : made.error().detail;
  }
  std::string refusal(const CertSpec& spec) const { return refusal(below(spec)); }
  static SignedSvid sign(const CertificateAuthority& authority, Duration ttl, const TrustDomain& domain) {
    SpiffeId id = *SpiffeId::from_path(domain, "/ns/a/sa/b");
    return *authority.sign(*Csr::create(**PrivateKey::generate(), id), id, ttl, kTestNow);
  }

  TestCa root_{kDomain};
};

TEST_F(IssuedAuthorityTest, SignsWhatIsShownWithItAndTrustedByTheRootAlone) {
  auto authority = make(below(spec()));
  ASSERT_TRUE(authority) << authority.error().text();

  SignedSvid svid = sign(**authority, 1h, root_.trust_domain());

  CertChain shown = *parse_certificates(svid.chain_pem, {kMaxChainPem, kMaxChainLength});
  ASSERT_EQ(shown.size(), 2U);
  EXPECT_TRUE(verify_peer(shown, root_.bundle(), kTestNow));
  EXPECT_FALSE(verify_peer(CertChain{shown.front()}, root_.bundle(), kTestNow)) << "the intermediate is not trusted";
  EXPECT_EQ((*authority)->roots()->pins(), root_.roots()->pins());
}

TEST_F(IssuedAuthorityTest, ALeafNeverOutlivesTheIntermediate) {
  CertSpec shorter = spec();
  shorter.not_after = kTestNow + 30min;

  SignedSvid svid = sign(**make(below(shorter)), 24h, root_.trust_domain());

  EXPECT_EQ(svid.not_after, kTestNow + 30min);
}

TEST_F(IssuedAuthorityTest, TakesItsIssuersAndLeavesOutTheRoot) {
  TestCa upper = below(CertSpec::authority("upper"));
  TestCa own = upper.intermediate(spec());

  auto with_root = make_issued_authority({own.chain(), own.key(), root_.roots()}, kTestNow);
  auto without = make(own);

  ASSERT_TRUE(with_root && without);
  EXPECT_EQ((*with_root)->issuers_shown().size(), 2U);
  EXPECT_EQ((*without)->to_pem(), (*with_root)->to_pem());
}

TEST_F(IssuedAuthorityTest, RefusesWhatMayNotSign) {
  CertSpec no_ca = spec();
  no_ca.basic_constraints = "critical,CA:FALSE";
  CertSpec no_sign = spec();
  no_sign.key_usage = "critical,cRLSign";
  CertSpec no_client = spec();
  no_client.extended_key_usage = "serverAuth";
  CertSpec both = spec();
  both.extended_key_usage = "serverAuth,clientAuth";

  EXPECT_NE(refusal(no_ca).find("CA:TRUE (RFC 5280 4.2.1.9)"), std::string::npos) << refusal(no_ca);
  EXPECT_NE(refusal(no_sign).find("keyCertSign (RFC 5280 4.2.1.3)"), std::string::npos) << refusal(no_sign);
  EXPECT_NE(refusal(no_client).find("extendedKeyUsage"), std::string::npos) << refusal(no_client);
  EXPECT_EQ(refusal(both), "accepted");
}

TEST_F(IssuedAuthorityTest, RefusesTheIdOfAnotherTrustDomainAndTakesNone) {
  CertSpec other = spec();
  other.uris = {"spiffe://other.test"};
  CertSpec none = spec();
  none.uris.clear();

  EXPECT_NE(refusal(other).find("spiffe://other.test"), std::string::npos) << refusal(other);
  EXPECT_EQ(refusal(none), "accepted");
}

TEST_F(IssuedAuthorityTest, RefusesAPathThatIsTooLong) {
  CertSpec no_more = CertSpec::authority("upper");
  no_more.basic_constraints = "critical,CA:TRUE,pathlen:0";

  std::string refused = refusal(below(no_more).intermediate(spec()));

  EXPECT_NE(refused.find("path length"), std::string::npos) << refused;
  no_more.uris = {"spiffe://td.test"};
  EXPECT_EQ(refusal(below(no_more)), "accepted") << "leaves may follow";
}

TEST_F(IssuedAuthorityTest, HonoursNameConstraints) {
  CertSpec ours = spec();
  ours.name_constraints = "critical,permitted;URI:td.test";
  CertSpec others = spec();
  others.name_constraints = "critical,permitted;URI:other.test";

  EXPECT_EQ(refusal(ours), "accepted");
  EXPECT_NE(refusal(others).find("permitted subtree"), std::string::npos) << refusal(others);
}

TEST_F(IssuedAuthorityTest, SaysWhichNamesAConstraintForbids) {
  CertSpec no_names = spec();
  no_names.name_constraints = "critical,permitted;DNS:mesh.test";
  auto authority = make(below(no_names));
  ASSERT_TRUE(authority) << authority.error().text();
  SpiffeId id = *SpiffeId::from_path(root_.trust_domain(), "/control");

  auto good = check_it_signs(**authority, id, {{"a.mesh.test"}, {}}, kTestNow);
  auto bad = check_it_signs(**authority, id, {{"localhost"}, {}}, kTestNow);

  EXPECT_TRUE(good) << good.error().text();
  ASSERT_FALSE(bad);
  EXPECT_NE(bad.error().detail.find("permitted subtree"), std::string::npos) << bad.error().detail;
}

TEST_F(IssuedAuthorityTest, RefusesWhatIsNotValidNow) {
  CertSpec late = spec();
  late.not_before = kTestNow + 1h;
  CertSpec over = spec();
  over.not_after = kTestNow - 1s;
  CertSpec almost = spec();
  almost.not_after = kTestNow + 4s;

  EXPECT_NE(refusal(late).find("not valid before"), std::string::npos) << refusal(late);
  EXPECT_NE(refusal(over).find("ended at"), std::string::npos) << refusal(over);
  EXPECT_NE(refusal(almost).find("too soon"), std::string::npos) << refusal(almost);
}

TEST_F(IssuedAuthorityTest, RefusesAChainThatDoesNotHoldTogether) {
  TestCa stranger{kDomain, CertSpec::authority("stranger")};
  TestCa foreign = stranger.intermediate(spec());
  TestCa own = below(spec());
  CertChain mixed{own.chain().front(), foreign.chain().front()};

  EXPECT_NE(refusal(foreign).find("not issued by any of the roots"), std::string::npos) << refusal(foreign);
  auto broken = make_issued_authority({mixed, own.key(), root_.roots()}, kTestNow);
  ASSERT_FALSE(broken);
  EXPECT_NE(broken.error().detail.find("not issued by the one after it"), std::string::npos) << broken.error().detail;
}

TEST_F(IssuedAuthorityTest, RefusesTheRootItselfAndAForeignKey) {
  auto root = make_issued_authority({{root_.chain().front()}, root_.key(), root_.roots()}, kTestNow);
  TestCa own = below(spec());
  auto key = make_issued_authority({{own.chain().front()}, root_.key(), root_.roots()}, kTestNow);

  ASSERT_FALSE(root || key);
  EXPECT_NE(root.error().detail.find("itself one of the roots"), std::string::npos) << root.error().detail;
  EXPECT_NE(key.error().detail.find("private key"), std::string::npos) << key.error().detail;
}

TEST_F(IssuedAuthorityTest, RefusesMoreThanThreeBelowTheRoot) {
  TestCa own = below(CertSpec::authority("1")).intermediate(CertSpec::authority("2"));
  TestCa three = own.intermediate(spec());
  TestCa four = own.intermediate(CertSpec::authority("3")).intermediate(spec());

  EXPECT_EQ(refusal(three), "accepted");
  EXPECT_NE(refusal(four).find("more than 3"), std::string::npos) << refusal(four);
}
}  // namespace
}  // namespace heddle
