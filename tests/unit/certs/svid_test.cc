#include "certs/svid.h"

#include <gtest/gtest.h>

#include "certs/pem.h"
#include "tests/support/test_ca.h"

namespace heddle {
namespace {
constexpr std::string_view kId = "spiffe://td.test/ns/a/sa/b";

std::string key_of(const Svid& svid) { return std::string(svid.key_pem()->view()); }

std::string refusal(std::string_view chain, std::string_view key) {
  auto svid = Svid::from_pem(chain, key);
  return svid ? "accepted" : svid.error().detail;
}

testing::AssertionResult says(const std::string& text, std::string_view part) {
  if (text.find(part) != std::string::npos) return testing::AssertionSuccess();
  return testing::AssertionFailure() << text << " lacks " << part;
}
}  // namespace

TEST(Svid, SurvivesPem) {
  Svid made = TestCa("td.test").intermediate(CertSpec::authority("int")).issue(kId);

  auto read = Svid::from_pem(made.chain_pem(), key_of(made));

  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->id.text(), kId);
  EXPECT_EQ(read->chain.size(), 2U);
  EXPECT_EQ(read->not_before, kTestEpoch);
  EXPECT_EQ(read->not_after, kTestEnd);
  EXPECT_EQ(read->issued_at, kTestEpoch);
  EXPECT_EQ(read->chain_pem(), made.chain_pem());
}

TEST(Svid, KeepsWhenItWasIssued) {
  Svid made = TestCa("td.test").issue(kId);

  EXPECT_EQ(Svid::from_pem(made.chain_pem(), made.key, kTestNow)->issued_at, kTestNow);
}

TEST(Svid, RefusesAKeyOfAnotherCertificate) {
  TestCa ca("td.test");

  EXPECT_TRUE(says(refusal(ca.issue(kId).chain_pem(), key_of(ca.issue(kId))), "not the certificate's"));
}

TEST(Svid, RefusesACertificateThatCannotServe) {
  TestCa ca("td.test");
  CertSpec two = CertSpec::leaf(kId);
  two.uris.push_back("spiffe://td.test/admin");
  CertSpec no_usage = CertSpec::leaf(kId);
  no_usage.key_usage = "";
  Svid wrong_two = ca.issue(two);
  Svid wrong_usage = ca.issue(no_usage);
  Svid no_path = ca.issue("spiffe://td.test");

  EXPECT_TRUE(says(refusal(wrong_two.chain_pem(), key_of(wrong_two)), "exactly one URI"));
  EXPECT_TRUE(says(refusal(wrong_usage.chain_pem(), key_of(wrong_usage)), "keyUsage"));
  EXPECT_TRUE(says(refusal(no_path.chain_pem(), key_of(no_path)), "needs a path"));
}

TEST(Svid, RefusesAChainOutOfOrderOrTooLong) {
  TestCa root("td.test");
  Svid svid = root.intermediate(CertSpec::authority("1")).intermediate(CertSpec::authority("2")).issue(kId);
  CertChain swapped = svid.chain;
  std::swap(swapped[1], swapped[2]);
  CertChain longer = svid.chain;
  longer.insert(longer.end(), 2, root.chain().front());

  EXPECT_TRUE(says(refusal(to_pem(swapped), key_of(svid)), "not issued by"));
  EXPECT_TRUE(says(refusal(to_pem(longer), key_of(svid)), "more than 4"));
}

TEST(Svid, RefusesDamagedText) {
  Svid svid = TestCa("td.test").issue(kId);
  std::string chain = svid.chain_pem();
  std::string key = key_of(svid);

  EXPECT_TRUE(says(refusal("", key), "no CERTIFICATE"));
  EXPECT_TRUE(says(refusal(chain + "garbage", key), "found \"garbage\""));
  EXPECT_TRUE(says(refusal("subject=x\n" + chain, key), "expected -----BEGIN"));
  EXPECT_TRUE(says(refusal(chain + key, key), "PRIVATE KEY"));
  EXPECT_TRUE(says(refusal(chain.substr(0, chain.size() - 10), key), "-----END CERTIFICATE----- is missing"));
  EXPECT_TRUE(says(refusal(to_pem("not DER", kPemCertificate), key), "not an X.509"));
  EXPECT_TRUE(says(refusal(std::string(33 * 1024, ' '), key), "larger than"));
  EXPECT_TRUE(says(refusal(chain, chain), "expected PRIVATE KEY"));
  EXPECT_TRUE(says(refusal(chain, key + key), "more than 1"));
  EXPECT_TRUE(says(refusal(chain, to_pem("x", kPemPrivateKey)), "PKCS#8"));
}

TEST(Svid, RefusesACertificateCutAtEveryByte) {
  Svid svid = TestCa("td.test").issue(kId);
  std::string der = to_der(svid.chain.front().get(), i2d_X509);

  for (size_t size = 0; size < der.size(); ++size) {
    EXPECT_FALSE(parse_certificate(std::string_view(der).substr(0, size))) << size;
  }
  EXPECT_FALSE(parse_certificate(der + '\0'));
}

TEST(PrivateKey, SurvivesPemAndDer) {
  auto key = *PrivateKey::generate();

  auto from_pem = PrivateKey::from_pem(key->to_pem()->view());
  auto from_der = PrivateKey::from_der(key->to_der()->view());

  ASSERT_TRUE(from_pem && from_der);
  EXPECT_EQ(EVP_PKEY_eq((*from_pem)->raw(), key->raw()), 1);
  EXPECT_EQ(EVP_PKEY_eq((*from_der)->raw(), key->raw()), 1);
}

TEST(PrivateKey, IsNewEachTime) {
  EXPECT_EQ(EVP_PKEY_eq((*PrivateKey::generate())->raw(), (*PrivateKey::generate())->raw()), 0);
}

TEST(PrivateKey, RefusesEncryptedAndTraditionalForms) {
  EXPECT_TRUE(says(PrivateKey::from_pem("-----BEGIN ENCRYPTED PRIVATE KEY-----\n").error().detail, "ENCRYPTED"));
  EXPECT_TRUE(says(PrivateKey::from_pem("-----BEGIN EC PRIVATE KEY-----\n").error().detail, "EC PRIVATE KEY"));
}

TEST(PeerCertificate, ReadsWhatACertificateSays) {
  CertSpec spec = CertSpec::leaf(kId);
  spec.dns = {"b.test"};
  spec.common_name = "b";
  Svid svid = TestCa("td.test").issue(spec);

  auto peer = *PeerCertificate::from_x509(svid.chain.front().get());

  EXPECT_EQ(peer.spiffe_id()->text(), kId);
  EXPECT_EQ(peer.names().dns, std::vector<std::string>{"b.test"});
  EXPECT_EQ(peer.subject(), "CN=b");
  EXPECT_EQ(peer.not_before(), kTestEpoch);
  EXPECT_EQ(peer.not_after(), kTestEnd);
  EXPECT_EQ(peer.fingerprint().size(), 64U);
  EXPECT_FALSE(peer.is_ca());
  EXPECT_TRUE(peer.key_usage().has(KeyUse::kDigitalSignature));
  EXPECT_TRUE(peer.extended_key_usage()->has(ExtendedKeyUse::kClientAuth));
}

TEST(PeerCertificate, KeepsANulInAName) {
  std::string uri("spiffe://td.test/a\0.evil", 24);
  Svid svid = TestCa("td.test").issue(CertSpec::leaf(uri));

  auto peer = *PeerCertificate::from_x509(svid.chain.front().get());

  EXPECT_EQ(peer.uri_sans(), std::vector<std::string>{uri});
  EXPECT_FALSE(peer.spiffe_id());
}

TEST(PeerCertificate, EscapesTheSubject) {
  CertSpec spec = CertSpec::leaf(kId);
  spec.common_name = "a\nb,c";

  auto peer = *PeerCertificate::from_x509(TestCa("td.test").issue(spec).chain.front().get());

  EXPECT_EQ(peer.subject(), "CN=a\\0Ab\\,c");
}

TEST(PeerCertificate, CutsTimesBeyondWallTime) {
  Asn1TimePtr time(ASN1_TIME_new());
  ASSERT_EQ(ASN1_TIME_set_string(time.get(), "99991231235959Z"), 1);

  EXPECT_GT(to_wall_time(time.get()), kTestEnd);
}
}  // namespace heddle
