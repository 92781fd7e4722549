#include "proxy/identity/files_identity.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <numeric>

#include "certs/jwks.h"
#include "tests/support/captured_log.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_ca.h"

namespace heddle {
namespace {
constexpr std::string_view kId = "spiffe://cluster.local/ns/default/sa/hello";

class FilesIdentityTest : public testing::Test {
 protected:
  FilesIdentityTest() {
    write(ca_.issue(kId));
    temp_.write("bundle.pem", ca_.root_pem());
  }
  void write(const Svid& svid) {
    temp_.write("svid.key", svid.key_pem()->view());
    temp_.write("svid.pem", svid.chain_pem());
  }
  std::string error(WallTime now = kTestNow) const {
    auto loaded = load_identity_files(files_, now);
    return loaded ? "" : loaded.error().detail;
  }
  static uint64_t total(const RotationCounts& counts) { return std::accumulate(counts.begin(), counts.end(), 0ULL); }
  TempDir temp_;
  TestCa ca_{"cluster.local"};
  IdentityFiles files_{temp_ / "svid.pem", temp_ / "svid.key", temp_ / "bundle.pem"};
  Loop loop_;
  CapturedLog log_;
};

TEST_F(FilesIdentityTest, LoadsPem) {
  auto loaded = load_identity_files(files_, kTestNow);

  ASSERT_TRUE(loaded) << loaded.error().text();
  EXPECT_EQ(loaded->identity->svid->id.text(), kId);
}

TEST_F(FilesIdentityTest, LoadsASpiffeBundle) {
  temp_.write("bundle.pem", *to_jwks(*ca_.roots()));

  EXPECT_EQ(error(), "");
}

TEST_F(FilesIdentityTest, NamesFieldAndFileThatIsMissing) {
  ::unlink(files_.key.c_str());

  EXPECT_NE(error().find("identity.key: " + files_.key), std::string::npos) << error();
}

TEST_F(FilesIdentityTest, NamesFieldAndFileThatIsWrong) {
  temp_.write("bundle.pem", "nonsense");

  EXPECT_NE(error().find("identity.bundle: " + files_.bundle), std::string::npos) << error();
}

TEST_F(FilesIdentityTest, RefusesAKeyOfAnotherCertificate) {
  temp_.write("svid.key", ca_.issue(kId).key_pem()->view());

  EXPECT_NE(error().find("identity.certificate"), std::string::npos) << error();
}

TEST_F(FilesIdentityTest, RefusesAnExpiredCertificate) { EXPECT_NE(error(kTestEnd + 1s), ""); }

TEST_F(FilesIdentityTest, RefusesACertificateOfAnotherAuthority) {
  write(TestCa("cluster.local").issue(kId));

  EXPECT_NE(error().find("identity.certificate"), std::string::npos) << error();
}

TEST_F(FilesIdentityTest, TakesAReplacementByItself) {
  FilesIdentity source(loop_, log_.log().module("identity"), files_);
  source.start();
  loop_.run_until([&] { return source.identities().current() != nullptr; });
  auto first = source.identities().current();
  uint64_t counted_first = total(source.rotations());

  Svid next = ca_.issue(kId);
  write(next);
  loop_.run_until([&] { return source.identities().current() != first; });

  EXPECT_EQ(source.identities().current()->svid->chain_pem(), next.chain_pem());
  EXPECT_EQ(source.status().state, IdentityState::kLive);
  EXPECT_EQ(counted_first, 0U);
  EXPECT_EQ(source.rotations()[static_cast<size_t>(Reason::kNone)], 1U);
}

TEST_F(FilesIdentityTest, SeesASwappedSymbolicLink) {
  Svid next = ca_.issue(kId);
  std::string link = temp_ / "link";
  temp_.write("next.pem", next.chain_pem());
  temp_.write("next.key", next.key_pem()->view());
  ASSERT_EQ(::symlink((temp_ / "svid.pem").c_str(), link.c_str()), 0);
  std::string before = stat_fingerprint({link});

  ASSERT_EQ(::unlink(link.c_str()), 0);
  ASSERT_EQ(::symlink((temp_ / "next.pem").c_str(), link.c_str()), 0);

  EXPECT_NE(stat_fingerprint({link}), before);
}

TEST_F(FilesIdentityTest, KeepsTheOldWhenTheReplacementIsBad) {
  FilesIdentity source(loop_, log_.log().module("identity"), files_);
  source.start();
  loop_.run_until([&] { return source.identities().current() != nullptr; });
  auto first = source.identities().current();

  temp_.write("svid.pem", "nonsense");
  source.reload();
  loop_.run_until([&] { return !source.status().last_error.empty(); });

  EXPECT_EQ(source.identities().current(), first);
  EXPECT_EQ(source.status().state, IdentityState::kStale);
  EXPECT_EQ(source.status().not_ready, "");
  EXPECT_EQ(source.rotations()[static_cast<size_t>(Reason::kNone)], 0U);
  EXPECT_EQ(total(source.rotations()), 1U);
}

class FederatedFilesTest : public FilesIdentityTest {
 protected:
  FederatedFilesTest() {
    temp_.write("partner.json", *to_jwks(*partner_.roots()));
    files_.federated = {{partner_.trust_domain(), temp_ / "partner.json"}};
  }
  TestCa partner_{"partner.example"};
};

TEST_F(FederatedFilesTest, AreBelievedBesideOurOwnRoots) {
  auto loaded = load_identity_files(files_, kTestNow);

  ASSERT_TRUE(loaded) << loaded.error().text();
  EXPECT_EQ(loaded->refused, std::vector<std::string>{});
  ASSERT_NE(loaded->identity->bundle->find("partner.example"), nullptr);
  EXPECT_EQ(loaded->identity->bundle->find("partner.example")->pins(), partner_.roots()->pins());
  EXPECT_EQ(loaded->identity->bundle->find("cluster.local")->pins(), ca_.roots()->pins());
}

TEST_F(FederatedFilesTest, TakePemToo) {
  temp_.write("partner.json", partner_.root_pem());

  EXPECT_NE(load_identity_files(files_, kTestNow)->identity->bundle->find("partner.example"), nullptr);
}

TEST_F(FederatedFilesTest, ABadOneLeavesOutItsDomainOnlyAndNamesFieldAndFile) {
  temp_.write("partner.json", "nonsense");

  auto loaded = load_identity_files(files_, kTestNow);

  ASSERT_TRUE(loaded) << loaded.error().text();
  EXPECT_EQ(loaded->identity->bundle->find("partner.example"), nullptr);
  ASSERT_EQ(loaded->refused.size(), 1U);
  EXPECT_EQ(loaded->refused[0].find("trust.federated[0] (partner.example): "), 0U) << loaded->refused[0];
  EXPECT_NE(loaded->refused[0].find(temp_ / "partner.json"), std::string::npos) << loaded->refused[0];
  EXPECT_NE(loaded->refused[0].find("left out"), std::string::npos) << loaded->refused[0];
}

TEST_F(FederatedFilesTest, OurOwnDomainIsNoOther) {
  files_.federated = {{ca_.trust_domain(), temp_ / "partner.json"}};

  auto loaded = load_identity_files(files_, kTestNow);

  ASSERT_TRUE(loaded) << loaded.error().text();
  EXPECT_EQ(loaded->identity->bundle->find("cluster.local")->pins(), ca_.roots()->pins());
  EXPECT_EQ(loaded->refused.size(), 1U);
}

TEST_F(FederatedFilesTest, AreReloadedAndKeepWhatWasGood) {
  FilesIdentity source(loop_, log_.log().module("identity"), files_);
  source.start();
  loop_.run_until([&] { return source.identities().current() != nullptr; });
  auto first = source.identities().current();
  EXPECT_EQ(source.status().federated, 1U);

  temp_.write("partner.json", "nonsense, and longer");
  loop_.run_until([&] { return source.status().federated_refused == 1; });
  EXPECT_EQ(source.identities().current(), first);
  EXPECT_EQ(source.status().state, IdentityState::kLive);

  TestCa next("partner.example");
  temp_.write("partner.json", *to_jwks(*next.roots()));
  loop_.run_until([&] { return source.identities().current() != first; });
  EXPECT_EQ(source.identities().current()->bundle->find("partner.example")->pins(), next.roots()->pins());
  EXPECT_EQ(source.status().federated_refused, 0U);
  EXPECT_EQ(total(source.rotations()), 0U);
}
}  // namespace
}  // namespace heddle
