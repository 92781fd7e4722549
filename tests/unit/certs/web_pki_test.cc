#include "certs/web_pki.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "tests/support/test_ca.h"

namespace heddle {
namespace {
CertSpec web_leaf(const std::vector<std::string>& dns) {
  CertSpec spec;
  spec.common_name = "common.test";
  for (const std::string& name : dns) spec.any_names += str_cat(spec.any_names.empty() ? "" : ",", "DNS:", name);
  spec.names_criticality = Criticality::kNotCritical;
  return spec;
}

class WebPkiTest : public testing::Test {
 protected:
  std::string refusal(const CertSpec& spec, std::string_view host, WallTime now = kTestNow) {
    auto verified = verify_web_server(ca_.issue(spec).chain, {roots_, std::string(host)}, now);
    if (verified) return "accepted";
    EXPECT_EQ(verified.error().reason, Reason::kPeerCertificateInvalid);
    return verified.error().detail;
  }
  void expect_refused(const std::string& refusal, std::string_view why) {
    EXPECT_NE(refusal.find(why), std::string::npos) << refusal;
  }
  TestCa ca_{"web.test"};
  WebRoots::Ptr roots_ = *WebRoots::parse(ca_.root_pem());
};

TEST_F(WebPkiTest, TakesTheNameThatIsInSubjectAltName) {
  EXPECT_EQ(refusal(web_leaf({"other.test", "a.test"}), "a.test"), "accepted");
  EXPECT_EQ(refusal(web_leaf({"*.a.test"}), "b.a.test"), "accepted");
}

TEST_F(WebPkiTest, RefusesAnotherName) {
  expect_refused(refusal(web_leaf({"a.test"}), "b.test"), "ostname");
  expect_refused(refusal(web_leaf({"a.test"}), "common.test"), "ostname");
  expect_refused(refusal(web_leaf({"*.a.test"}), "c.b.a.test"), "ostname");
  expect_refused(refusal(web_leaf({"b*.a.test"}), "ba.a.test"), "ostname");
  expect_refused(refusal(web_leaf({"127.0.0.1"}), "127.0.0.1"), "IP address mismatch");
}

TEST_F(WebPkiTest, ACommonNameAloneIsNoName) {
  CertSpec spec = web_leaf({});
  spec.uris = {"https://common.test"};

  expect_refused(refusal(spec, "common.test"), "ostname");
}

TEST_F(WebPkiTest, RefusesWhoIsNotOfTheFile) {
  TestCa other("web.test");

  auto verified = verify_web_server(other.issue(web_leaf({"a.test"})).chain, {roots_, "a.test"}, kTestNow);

  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().reason, Reason::kPeerCertificateInvalid);
}

TEST_F(WebPkiTest, RefusesWhatIsNotValidNow) {
  expect_refused(refusal(web_leaf({"a.test"}), "a.test", kTestEnd + 1h), "expired");
  expect_refused(refusal(web_leaf({"a.test"}), "a.test", kTestEpoch - 1h), "not yet valid");
}

TEST_F(WebPkiTest, RefusesACertificateForClients) {
  CertSpec spec = web_leaf({"a.test"});
  spec.extended_key_usage = "clientAuth";

  expect_refused(refusal(spec, "a.test"), "purpose");
}

TEST_F(WebPkiTest, TakesIntermediatesAndBoundsThem) {
  TestCa issuer = ca_.intermediate(CertSpec::authority("between"));
  CertChain chain = issuer.issue(web_leaf({"a.test"})).chain;

  EXPECT_TRUE(verify_web_server(chain, {roots_, "a.test"}, kTestNow));
  while (chain.size() <= kMaxWebChain) chain.push_back(chain.back());
  EXPECT_FALSE(verify_web_server(chain, {roots_, "a.test"}, kTestNow));
  EXPECT_EQ(verify_web_server({}, {roots_, "a.test"}, kTestNow).error().reason, Reason::kPeerCertificateMissing);
}

TEST(WebRoots, ReadsAFileWithCommentsAsSystemsHaveIt) {
  std::string pem = str_cat("# Some CA\n", TestCa("a.test").root_pem(), "\n# Another\n", TestCa("b.test").root_pem());

  auto roots = WebRoots::parse(pem);

  ASSERT_TRUE(roots) << roots.error().detail;
  EXPECT_EQ((*roots)->size(), 2U);
}

TEST(WebRoots, RefusesAFileThatCannotBeRead) {
  std::string good = TestCa("a.test").root_pem();

  EXPECT_FALSE(WebRoots::parse(""));
  EXPECT_FALSE(WebRoots::parse("no certificate here"));
  EXPECT_FALSE(WebRoots::parse(good + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"));
  EXPECT_FALSE(WebRoots::parse(good + good.substr(0, good.size() / 2)));
  EXPECT_EQ(WebRoots::parse(std::string(kMaxCaFile + 1, '\n')).error().reason, Reason::kTooLarge);
}
}  // namespace
}  // namespace heddle
