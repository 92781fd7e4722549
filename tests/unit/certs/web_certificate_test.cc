#include "certs/web_certificate.h"

#include <gtest/gtest.h>

#include "certs/pem.h"
#include "tests/support/test_ca.h"

namespace heddle {
namespace {
CertSpec web_spec() {
  CertSpec spec;
  spec.dns = {"mesh.example.org"};
  spec.names_criticality = Criticality::kNotCritical;
  return spec;
}

class WebCertificateTest : public testing::Test {
 protected:
  Result<WebCertificate> read(const CertSpec& spec) const {
    Svid made = between_.issue(spec);
    return WebCertificate::from_pem(made.chain_pem(), made.key);
  }
  std::string refusal(const CertSpec& spec) const {
    auto certificate = read(spec);
    return certificate ? "accepted" : certificate.error().detail;
  }
  void expect_refusal(const CertSpec& spec, std::string_view why) const {
    EXPECT_NE(refusal(spec).find(why), std::string::npos) << refusal(spec);
  }
  TestCa root_{"web.test"};
  TestCa between_ = root_.intermediate(CertSpec::authority("between"));
};

TEST_F(WebCertificateTest, HoldsChainNamesAndTimes) {
  auto certificate = read(web_spec());

  ASSERT_TRUE(certificate) << certificate.error().text();
  EXPECT_EQ(certificate->chain.size(), 2U);
  EXPECT_EQ(certificate->names.dns, std::vector<std::string>{"mesh.example.org"});
  EXPECT_EQ(certificate->not_before, kTestEpoch);
  EXPECT_EQ(certificate->not_after, kTestEnd);
}

TEST_F(WebCertificateTest, NeedsNoSpiffeIdAndNoExtendedUse) {
  CertSpec spec = web_spec();
  spec.extended_key_usage = "";

  EXPECT_EQ(refusal(spec), "accepted");
}

TEST_F(WebCertificateTest, WithoutAHostNameItIsRefused) {
  CertSpec spec = web_spec();
  spec.dns.clear();
  spec.uris = {"spiffe://web.test/ns/a/sa/b"};
  spec.common_name = "mesh.example.org";

  expect_refusal(spec, "no DNS name and no IP address");
}

TEST_F(WebCertificateTest, AnAuthorityAndAClientAreRefused) {
  CertSpec authority = web_spec();
  authority.basic_constraints = "critical,CA:TRUE";
  authority.key_usage = "critical,keyCertSign";
  CertSpec client = web_spec();
  client.extended_key_usage = "clientAuth";

  expect_refusal(authority, "CA:TRUE");
  expect_refusal(client, "serverAuth");
}

TEST_F(WebCertificateTest, AnotherKeyIsRefused) {
  Svid made = between_.issue(web_spec());

  auto certificate = WebCertificate::from_pem(made.chain_pem(), *PrivateKey::generate());

  ASSERT_FALSE(certificate);
  EXPECT_EQ(certificate.error().reason, Reason::kConfigInvalid);
  EXPECT_NE(certificate.error().detail.find("private key"), std::string::npos) << certificate.error().detail;
}

TEST_F(WebCertificateTest, AChainOutOfOrderIsRefused) {
  Svid made = between_.issue(web_spec());
  CertChain mixed{made.chain.front(), root_.chain().front(), made.chain.back()};

  auto certificate = WebCertificate::from_pem(to_pem(mixed), made.key);

  ASSERT_FALSE(certificate);
  EXPECT_NE(certificate.error().detail.find("certificate 1 is not issued"), std::string::npos)
      << certificate.error().detail;
}

TEST_F(WebCertificateTest, TextThatIsNoCertificateIsRefused) {
  auto key = *PrivateKey::generate();

  EXPECT_FALSE(WebCertificate::from_pem("", key));
  EXPECT_FALSE(WebCertificate::from_pem("nothing\n", key));
  EXPECT_FALSE(WebCertificate::from_pem(root_.root_pem() + "trailing\n", key));
}

TEST_F(WebCertificateTest, SaysWhenItIsNotValid) {
  WebCertificate certificate = *read(web_spec());

  EXPECT_TRUE(certificate.check_time(kTestNow));
  EXPECT_FALSE(certificate.check_time(kTestEpoch - 1s));
  ASSERT_FALSE(certificate.check_time(kTestEnd));
  EXPECT_NE(certificate.check_time(kTestEnd).error().detail.find("has expired"), std::string::npos);
}
}  // namespace
}  // namespace heddle
