#include "control/ca/given_ca.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "certs/key_seal.h"
#include "certs/pem.h"
#include "lib/base/strings.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_ca.h"

namespace heddle {
namespace {
class GivenCaTest : public testing::Test {
 protected:
  GivenCaTest() { write(own_); }
  void write(const TestCa& own) {
    Secret key = *own.key()->to_pem();
    files_ = {folder_.write("ca.pem", own.certificate_pem(), kPublicFile), folder_.write("ca.key", key.view()),
              folder_.write("root.pem", own.root_pem(), kPublicFile)};
  }
  Result<GivenCa> load(const KeyForm& form = {}) const {
    return load_given_ca(files_, root_.trust_domain(), form, {{"localhost"}, {"127.0.0.1"}}, kTestNow);
  }
  std::string refusal(const KeyForm& form = {}) const {
    auto loaded = load(form);
    return loaded ? "accepted" : loaded.error().detail;
  }
  void expect_refusal(std::string_view flag, const std::string& path, std::string_view rule) const {
    std::string said = refusal();
    for (std::string_view part : {flag, std::string_view(path), rule}) {
      EXPECT_NE(said.find(part), std::string::npos) << said;
    }
  }

  TempDir folder_;
  TestCa root_{"cluster.local"};
  TestCa own_ = root_.intermediate(CertSpec::authority("mesh"));
  GivenCaFiles files_;
};

TEST_F(GivenCaTest, ReadsAuthorityAndRoots) {
  auto given = load();

  ASSERT_TRUE(given) << given.error().text();
  EXPECT_EQ(given->authority->fingerprint(), fingerprint_of(own_.certificate()));
  EXPECT_EQ(given->roots->pins(), root_.roots()->pins());
}

TEST_F(GivenCaTest, EachFileThatIsAwayIsNamedWithItsFlag) {
  std::filesystem::remove(files_.roots);
  expect_refusal("--ca-root-file", files_.roots, "No such file");
  write(own_);
  std::filesystem::remove(files_.certificates);
  expect_refusal("--ca-cert-file", files_.certificates, "No such file");
  write(own_);
  std::filesystem::remove(files_.key);
  expect_refusal("--ca-key-file", files_.key, "No such file");
}

TEST_F(GivenCaTest, AKeyThatOthersMayReadIsRefused) {
  ASSERT_EQ(::chmod(files_.key.c_str(), 0640), 0);

  expect_refusal("--ca-key-file", files_.key, "0600");
}

TEST_F(GivenCaTest, AnEncryptedKeyNeedsItsPassphrase) {
  Secret plain = *own_.key()->to_pem();
  Secret sealed = *seal_key(plain.view(), "correct horse");
  files_.key = folder_.write("sealed.key", sealed.view());

  expect_refusal("--ca-key-file", files_.key, "--ca-passphrase-file");
  EXPECT_NE(refusal(KeyForm(Secret("wrong"))).find("does not open"), std::string::npos);
  EXPECT_EQ(refusal(KeyForm(Secret("correct horse"))), "accepted");
}

TEST_F(GivenCaTest, AKeyOfAnotherCertificateNamesBothFiles) {
  Secret key = *root_.key()->to_pem();
  files_.key = folder_.write("other.key", key.view());

  expect_refusal("--ca-key-file", files_.certificates, "is not the key");
}

TEST_F(GivenCaTest, ABrokenRuleIsOfTheCertificatesFile) {
  CertSpec spec = CertSpec::authority("mesh");
  spec.basic_constraints = "critical,CA:FALSE";
  write(root_.intermediate(spec));

  expect_refusal("--ca-cert-file", files_.certificates, "CA:TRUE");
}

TEST_F(GivenCaTest, NamesOfTheControlPlaneThatAreForbiddenAreRefused) {
  CertSpec spec = CertSpec::authority("mesh");
  spec.name_constraints = "critical,permitted;DNS:mesh.example.org";
  write(root_.intermediate(spec));

  expect_refusal("--ca-cert-file", files_.certificates, "heddle-control");
}

TEST_F(GivenCaTest, ItsStatChangesWithAFile) {
  std::string before = stat_of(files_);

  EXPECT_EQ(stat_of(files_), before);
  folder_.write("ca.key", "other");
  EXPECT_NE(stat_of(files_), before);
}
}  // namespace
}  // namespace heddle
