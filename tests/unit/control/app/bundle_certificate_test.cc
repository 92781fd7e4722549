#include "control/app/bundle_certificate.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/support/temp_dir.h"
#include "tests/support/test_ca.h"

namespace heddle {
namespace {
class BundleCertificateTest : public testing::Test {
 protected:
  BundleCertificateTest() { write(ca_.issue(spec())); }
  static CertSpec spec() {
    CertSpec spec;
    spec.dns = {"mesh.example.org"};
    return spec;
  }
  void write(const Svid& made) {
    Secret key = *made.key->to_pem();
    files_ = {folder_.write("web.pem", made.chain_pem(), kPublicFile), folder_.write("web.key", key.view())};
  }
  std::string refusal(WallTime now = kTestNow) const {
    auto loaded = load_bundle_certificate(files_, now);
    return loaded ? "accepted" : loaded.error().detail;
  }
  void expect_refusal(std::string_view flag, const std::string& path, std::string_view rule) const {
    std::string said = refusal();
    for (std::string_view part : {flag, std::string_view(path), rule}) {
      EXPECT_NE(said.find(part), std::string::npos) << said;
    }
  }
  TempDir folder_;
  TestCa ca_{"web.test"};
  BundleCertificateFiles files_;
};

TEST_F(BundleCertificateTest, IsReadFromItsFiles) {
  auto loaded = load_bundle_certificate(files_, kTestNow);

  ASSERT_TRUE(loaded) << loaded.error().text();
  EXPECT_EQ(loaded->names.dns, std::vector<std::string>{"mesh.example.org"});
}

TEST_F(BundleCertificateTest, AFileThatIsAwayIsNamedWithItsFlag) {
  std::filesystem::remove(files_.key);
  expect_refusal("--bundle-key-file", files_.key, "No such file");

  write(ca_.issue(spec()));
  std::filesystem::remove(files_.certificates);
  expect_refusal("--bundle-cert-file", files_.certificates, "No such file");
}

TEST_F(BundleCertificateTest, AKeyThatOthersMayReadIsRefused) {
  ASSERT_EQ(::chmod(files_.key.c_str(), 0640), 0);

  expect_refusal("--bundle-key-file", files_.key, "0600");
}

TEST_F(BundleCertificateTest, TheKeyOfAnotherCertificateIsRefused) {
  Secret other = *(*PrivateKey::generate())->to_pem();
  files_.key = folder_.write("web.key", other.view());

  expect_refusal("--bundle-cert-file", files_.certificates, "private key");
}

TEST_F(BundleCertificateTest, OneThatHasExpiredIsRefused) {
  CertSpec old = spec();
  old.not_after = kTestNow - 1s;
  write(ca_.issue(old));

  expect_refusal("--bundle-cert-file", files_.certificates, "has expired");
}

TEST_F(BundleCertificateTest, ASpiffeIdAloneIsNoHostName) {
  write(ca_.issue("spiffe://web.test/ns/a/sa/b"));

  expect_refusal("--bundle-cert-file", files_.certificates, "DNS name");
}
}  // namespace
}  // namespace heddle
