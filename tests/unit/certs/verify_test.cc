#include "certs/verify.h"

#include <gtest/gtest.h>

#include "tests/support/test_ca.h"

namespace heddle {
namespace {
constexpr std::string_view kGoodId = "spiffe://td1.test/ns/a/sa/b";

Result<VerifiedPeer> check(const Svid& svid, const TrustBundle& bundle, WallTime now = kTestNow) {
  return verify_peer(svid.chain, bundle, now);
}

std::string refusal(const Svid& svid, const TrustBundle& bundle, WallTime now = kTestNow) {
  auto peer = check(svid, bundle, now);
  if (peer) return "accepted";
  EXPECT_EQ(peer.error().reason, Reason::kPeerCertificateInvalid) << peer.error().detail;
  return peer.error().detail;
}

// One wrong property of an otherwise good leaf, and a word of the rule the refusal must name.
struct WrongLeaf {
  const char* what;
  void (*change)(CertSpec&);
  std::string_view says;
};

constexpr WrongLeaf kWrongLeaves[] = {
    {"two URIs", [](CertSpec& s) { s.uris.push_back("spiffe://td1.test/admin"); }, "exactly one URI"},
    {"the same URI twice", [](CertSpec& s) { s.uris.push_back(s.uris[0]); }, "exactly one URI"},
    {"no URI", [](CertSpec& s) { s.uris.clear(), s.dns = {"x.test"}; }, "exactly one URI"},
    {"no names at all", [](CertSpec& s) { s.uris.clear(), s.common_name = "x"; }, "exactly one URI"},
    {"another scheme", [](CertSpec& s) { s.uris = {"https://td1.test/x"}; }, "must begin with"},
    {"nearly the scheme", [](CertSpec& s) { s.uris = {"sparfe://td1.test/x"}; }, "must begin with"},
    {"no path", [](CertSpec& s) { s.uris = {"spiffe://td1.test"}; }, "needs a path"},
    {"a percent-encoded id", [](CertSpec& s) { s.uris = {"spiffe://td1.test/ns/a/sa/%62"}; }, "percent"},
    {"an upper-case domain", [](CertSpec& s) { s.uris = {"spiffe://TD1.test/ns/a/sa/b"}; }, "lower case"},
    {"a NUL in the URI", [](CertSpec& s) { s.uris = {std::string("spiffe://td1.test/a\0.evil", 25)}; },
     "path character"},
    {"names not critical", [](CertSpec& s) { s.names_criticality = Criticality::kNotCritical; }, "must be critical"},
    {"a CA", [](CertSpec& s) { s.basic_constraints = "critical,CA:TRUE"; }, "is a CA"},
    {"keyCertSign", [](CertSpec& s) { s.key_usage = "critical,digitalSignature,keyCertSign"; }, "keyCertSign"},
    {"cRLSign", [](CertSpec& s) { s.key_usage = "critical,digitalSignature,cRLSign"; }, "cRLSign"},
    {"no digitalSignature", [](CertSpec& s) { s.key_usage = "critical,keyAgreement"; }, "digitalSignature"},
    {"no keyUsage", [](CertSpec& s) { s.key_usage = ""; }, "keyUsage is missing"},
    {"keyUsage not critical", [](CertSpec& s) { s.key_usage = "digitalSignature"; }, "not critical"},
    {"serverAuth only", [](CertSpec& s) { s.extended_key_usage = "serverAuth"; }, "clientAuth"},
    {"clientAuth only", [](CertSpec& s) { s.extended_key_usage = "clientAuth"; }, "serverAuth"},
    {"any usage only", [](CertSpec& s) { s.extended_key_usage = "anyExtendedKeyUsage"; }, "serverAuth"},
    {"an unknown critical extension", [](CertSpec& s) { s.unknown_extension = "critical,ASN1:UTF8String:x"; },
     "unhandled critical extension"},
    {"expired", [](CertSpec& s) { s.not_after = kTestNow - 1s; }, "expired"},
    {"valid in 5 s", [](CertSpec& s) { s.not_before = kTestNow + 5s; }, "not yet valid"},
    {"valid in 61 s", [](CertSpec& s) { s.not_before = kTestNow + 61s; }, "not yet valid"},
};

KeyPtr make_key(const char* kind, size_t bits) { return KeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, kind, bits)); }
KeyPtr make_curve(const char* curve) { return KeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve)); }
}  // namespace

TEST(VerifyPeer, AcceptsAGoodLeaf) {
  TestCa ca("td1.test");

  auto peer = check(ca.issue(kGoodId), ca.bundle());

  ASSERT_TRUE(peer) << peer.error().detail;
  EXPECT_EQ(peer->peer->spiffe_id()->text(), kGoodId);
}

TEST(VerifyPeer, RefusesEveryWrongLeafAndNamesTheRule) {
  TestCa ca("td1.test");
  TrustBundle bundle = ca.bundle();
  for (const WrongLeaf& wrong : kWrongLeaves) {
    CertSpec spec = CertSpec::leaf(kGoodId);
    wrong.change(spec);

    std::string says = refusal(ca.issue(spec), bundle);

    EXPECT_NE(says.find(wrong.says), std::string::npos) << wrong.what << ": " << says;
  }
}

TEST(VerifyPeer, AcceptsWhatTheStandardLeavesOpen) {
  TestCa ca("td1.test");
  CertSpec no_extended = CertSpec::leaf(kGoodId);
  no_extended.extended_key_usage = "";
  CertSpec no_constraints = CertSpec::leaf(kGoodId);
  no_constraints.basic_constraints = "";
  CertSpec named = CertSpec::leaf(kGoodId);
  named.common_name = "b";
  named.names_criticality = Criticality::kNotCritical;
  named.dns = {"b.test"};
  named.key_usage = "critical,digitalSignature,keyAgreement";
  named.extended_key_usage = "serverAuth,clientAuth,emailProtection";
  for (const CertSpec& spec : {no_extended, no_constraints, named}) {
    auto peer = check(ca.issue(spec), ca.bundle());

    EXPECT_TRUE(peer) << peer.error().detail;
  }
}

TEST(VerifyPeer, RefusesAPeerWithoutCertificate) {
  auto peer = verify_peer(nullptr, nullptr, TestCa("td1.test").bundle(), kTestNow);

  ASSERT_FALSE(peer);
  EXPECT_EQ(peer.error().reason, Reason::kPeerCertificateMissing);
}

TEST(VerifyPeer, RefusesAnUnknownTrustDomain) {
  TestCa ca("td1.test");

  auto peer = check(ca.issue(kGoodId), TestCa("td2.test").bundle());

  ASSERT_FALSE(peer);
  EXPECT_EQ(peer.error().reason, Reason::kPeerTrustDomainUnknown);
}

TEST(VerifyPeer, NeverAcceptsAnIdSignedByTheRootOfAnotherDomain) {
  TestCa ca1("td1.test");
  TestCa ca2("td2.test");
  TrustBundle both = ca1.bundle();
  both.replace(ca2.roots());

  EXPECT_TRUE(check(ca2.issue("spiffe://td2.test/a"), both));
  EXPECT_NE(refusal(ca1.issue("spiffe://td2.test/a"), both), "accepted");
}

TEST(VerifyPeer, RefusesSelfSignedAndForeignAuthorities) {
  TestCa ca("td1.test");
  TestCa impostor("td1.test");

  EXPECT_NE(refusal(ca.self_signed(CertSpec::leaf(kGoodId)), ca.bundle()), "accepted");
  EXPECT_NE(refusal(impostor.issue(kGoodId), ca.bundle()), "accepted");
}

TEST(VerifyPeer, RefusesTheAuthorityItselfAsAPeer) {
  TestCa ca("td1.test");

  auto peer = verify_peer(ca.chain(), ca.bundle(), kTestNow);

  EXPECT_FALSE(peer);
}

TEST(VerifyPeer, RefusesEverythingOfADomainWithoutRoots) {
  TestCa ca("td1.test");
  TrustBundle bundle;
  bundle.replace(*DomainRoots::create(ca.trust_domain(), {}, {}));

  EXPECT_NE(refusal(ca.issue(kGoodId), bundle).find("revoked"), std::string::npos);
}

TEST(VerifyPeer, FollowsIntermediatesAndNarrowsTheValidity) {
  TestCa root("td1.test");
  CertSpec spec = CertSpec::authority("int");
  spec.not_before = kTestNow - 100s;
  CertSpec leaf = CertSpec::leaf(kGoodId);
  leaf.not_after = kTestNow + 200s;

  auto peer = check(root.intermediate(spec).issue(leaf), root.bundle());

  ASSERT_TRUE(peer) << peer.error().detail;
  EXPECT_EQ(peer->path_not_before, kTestNow - 100s);
  EXPECT_EQ(peer->path_not_after, kTestNow + 200s);
}

TEST(VerifyPeer, RefusesWrongIntermediates) {
  struct Case {
    const char* what;
    void (*change)(CertSpec&);
    std::string_view says;
  };
  const Case cases[] = {
      {"not a CA", [](CertSpec& s) { s.basic_constraints = "critical,CA:FALSE"; }, "invalid CA"},
      {"no keyCertSign", [](CertSpec& s) { s.key_usage = "critical,digitalSignature"; }, "invalid CA"},
      {"names of another domain", [](CertSpec& s) { s.name_constraints = "critical,permitted;URI:td2.test"; },
       "permitted subtree"},
      {"expired", [](CertSpec& s) { s.not_after = kTestNow - 1s; }, "expired"},
      {"constraints not critical", [](CertSpec& s) { s.basic_constraints = "CA:TRUE"; }, "marked critical"},
  };
  TestCa root("td1.test");
  for (const Case& wrong : cases) {
    CertSpec spec = CertSpec::authority("int");
    wrong.change(spec);

    std::string says = refusal(root.intermediate(spec).issue(kGoodId), root.bundle());

    EXPECT_NE(says.find(wrong.says), std::string::npos) << wrong.what << ": " << says;
  }
}

TEST(VerifyPeer, AcceptsNameConstraintsThatAllowTheDomain) {
  TestCa root("td1.test");
  CertSpec spec = CertSpec::authority("int");
  spec.name_constraints = "critical,permitted;URI:td1.test";

  auto peer = check(root.intermediate(spec).issue(kGoodId), root.bundle());

  EXPECT_TRUE(peer) << peer.error().detail;
}

TEST(VerifyPeer, EnforcesThePathLength) {
  TestCa root("td1.test");
  CertSpec limited = CertSpec::authority("int");
  limited.basic_constraints = "critical,CA:TRUE,pathlen:0";
  TestCa first = root.intermediate(limited);

  EXPECT_TRUE(check(first.issue(kGoodId), root.bundle()));
  EXPECT_NE(refusal(first.intermediate(CertSpec::authority("int2")).issue(kGoodId), root.bundle()).find("path length"),
            std::string::npos);
}

TEST(VerifyPeer, RefusesALeafUsedAsIssuer) {
  TestCa root("td1.test");
  CertSpec leaf = CertSpec::leaf("spiffe://td1.test/victim");
  leaf.common_name = "victim";

  EXPECT_NE(refusal(root.intermediate(leaf).issue(kGoodId), root.bundle()).find("invalid CA"), std::string::npos);
}

TEST(VerifyPeer, TakesThreeIntermediatesAndNotFour) {
  TestCa root("td1.test");
  TestCa third = root.intermediate(CertSpec::authority("1"))
                     .intermediate(CertSpec::authority("2"))
                     .intermediate(CertSpec::authority("3"));

  EXPECT_TRUE(check(third.issue(kGoodId), root.bundle()));
  EXPECT_NE(refusal(third.intermediate(CertSpec::authority("4")).issue(kGoodId), root.bundle()), "accepted");
}

TEST(VerifyPeer, RefusesMoreThanFiveCertificatesBeforeVerifying) {
  TestCa root("td1.test");
  Svid svid = root.issue(kGoodId);
  for (int i = 0; i < 100; ++i) svid.chain.push_back(root.chain().front());

  EXPECT_NE(refusal(svid, root.bundle()).find("showed 101"), std::string::npos);
}

TEST(VerifyPeer, AcceptsAPeerThatSendsItsRootAlong) {
  TestCa root("td1.test");
  Svid svid = root.issue(kGoodId);
  svid.chain.push_back(root.chain().front());

  EXPECT_TRUE(check(svid, root.bundle()));
}

TEST(VerifyPeer, RefusesKeysOutsideTheAllowList) {
  TestCa ca("td1.test");
  KeyPtr keys[] = {make_key("RSA", 1024), make_curve("P-224"), make_curve("P-521"), make_curve("P-192"),
                   KeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"))};
  for (const KeyPtr& key : keys) {
    CertSpec spec = CertSpec::leaf(kGoodId);
    spec.raw_key = key.get();

    EXPECT_NE(refusal(ca.issue(spec), ca.bundle()).find("allowed are"), std::string::npos);
  }
}

TEST(VerifyPeer, RefusesSha1Signatures) {
  TestCa ca("td1.test");
  Svid svid = ca.issue(kGoodId);
  X509Shared weak(X509Ptr(X509_dup(svid.chain.front().get())));
  ASSERT_GT(X509_sign(weak.get(), ca.key()->raw(), EVP_sha1()), 0);
  svid.chain.front() = weak;

  EXPECT_NE(refusal(svid, ca.bundle()).find("too weak"), std::string::npos);
}

TEST(VerifyPeer, RefusesAnExtensionThatAppearsTwice) {
  TestCa ca("td1.test");
  Svid svid = ca.issue(kGoodId);
  X509Shared twice(X509Ptr(X509_dup(svid.chain.front().get())));
  ExtensionPtr usage(X509V3_EXT_conf_nid(nullptr, nullptr, NID_key_usage, "critical,digitalSignature"));
  X509_add_ext(twice.get(), usage.get(), -1);
  ASSERT_GT(X509_sign(twice.get(), ca.key()->raw(), EVP_sha256()), 0);
  svid.chain.front() = twice;

  EXPECT_NE(refusal(svid, ca.bundle()).find("appears twice"), std::string::npos);
}

TEST(VerifyPeer, AcceptsP384AndRsa2048) {
  TestCa ca("td1.test");
  KeyPtr keys[] = {make_curve("P-384"), make_key("RSA", 2048)};
  for (const KeyPtr& key : keys) {
    CertSpec spec = CertSpec::leaf(kGoodId);
    spec.raw_key = key.get();

    auto peer = check(ca.issue(spec), ca.bundle());

    EXPECT_TRUE(peer) << peer.error().detail;
  }
}

TEST(VerifyPeer, JudgesByTheGivenTime) {
  TestCa ca("td1.test");
  CertSpec spec = CertSpec::leaf(kGoodId);
  spec.not_before = kTestNow - 60s;
  spec.not_after = kTestNow + 60s;
  Svid svid = ca.issue(spec);

  EXPECT_TRUE(check(svid, ca.bundle(), kTestNow - 55s));
  EXPECT_TRUE(check(svid, ca.bundle(), kTestNow + 59s));
  EXPECT_FALSE(check(svid, ca.bundle(), kTestNow - 61s));
  EXPECT_FALSE(check(svid, ca.bundle(), kTestNow + 61s));
}

TEST(VerifyPeer, RefusesWhenTheRootExpired) {
  CertSpec spec = CertSpec::authority("old root");
  spec.not_after = kTestNow - 1s;
  TestCa ca("td1.test", spec);

  EXPECT_NE(refusal(ca.issue(kGoodId), ca.bundle()).find("expired"), std::string::npos);
}

TEST(VerifyPeer, FindsTheRightRootAmongOldAndNew) {
  TestCa old_ca("td1.test");
  TestCa new_ca("td1.test");
  TrustBundle bundle = old_ca.bundle();
  ASSERT_TRUE(bundle.merge(new_ca.roots()));

  EXPECT_TRUE(check(old_ca.issue(kGoodId), bundle));
  EXPECT_TRUE(check(new_ca.issue(kGoodId), bundle));
}

TEST(VerifyPeer, TakesAStackThatBeginsWithTheLeaf) {
  TestCa root("td1.test");
  Svid svid = root.intermediate(CertSpec::authority("int")).issue(kGoodId);
  X509StackPtr shown(sk_X509_new_null());
  for (const auto& certificate : svid.chain) {
    X509_up_ref(certificate.get());
    sk_X509_push(shown.get(), certificate.get());
  }

  EXPECT_TRUE(verify_peer(svid.chain.front().get(), shown.get(), root.bundle(), kTestNow));
}
}  // namespace heddle
