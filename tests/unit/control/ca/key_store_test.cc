#include "control/ca/key_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "lib/base/file.h"

namespace heddle {
namespace {
namespace fs = std::filesystem;
constexpr WallTime kNow{std::chrono::seconds(1'800'000'000)};

class KeyStoreTest : public testing::Test {
 protected:
  KeyStoreTest() {
    std::string pattern = (fs::temp_directory_path() / "heddle-ca-XXXXXX").string();
    parent_ = ::mkdtemp(pattern.data());
    folder_ = parent_ + "/ca";
  }
  ~KeyStoreTest() override { fs::remove_all(parent_); }
  std::string file() const { return folder_ + "/ca.pem"; }
  Result<CertificateAuthority::Ptr> open(std::string_view domain = "cluster.local") {
    return open_authority(folder_, *TrustDomain::parse(domain), kNow);
  }
  std::string parent_;
  std::string folder_;
};

TEST_F(KeyStoreTest, MakesARootOnceAndKeepsIt) {
  std::string first = (*open())->fingerprint();

  EXPECT_EQ((*open())->fingerprint(), first);
}

TEST_F(KeyStoreTest, TheFileIsPrivate) {
  ASSERT_TRUE(open().has_value());
  struct stat status {};
  ASSERT_EQ(::stat(file().c_str(), &status), 0);

  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(KeyStoreTest, AFileOthersMayReadStopsTheStart) {
  ASSERT_TRUE(open().has_value());
  ASSERT_EQ(::chmod(file().c_str(), 0644), 0);

  Result<CertificateAuthority::Ptr> again = open();

  ASSERT_FALSE(again.has_value());
  EXPECT_NE(again.error().detail.find("0600"), std::string::npos) << again.error().detail;
}

TEST_F(KeyStoreTest, ADamagedFileIsNeverReplaced) {
  ASSERT_TRUE(open().has_value());
  std::string text = *read_file(file(), 1 << 20);
  ASSERT_TRUE(atomic_write(file(), text.substr(0, text.find("-----BEGIN PRIVATE")), kPrivateFile).has_value());

  EXPECT_FALSE(open().has_value());
  ASSERT_TRUE(atomic_write(file(), "", kPrivateFile).has_value());
  EXPECT_FALSE(open().has_value());
}

TEST_F(KeyStoreTest, ARootOfAnotherTrustDomainStopsTheStart) {
  ASSERT_TRUE(open().has_value());

  EXPECT_FALSE(open("other.test").has_value());
}

TEST_F(KeyStoreTest, ASymbolicLinkIsRefused) {
  ASSERT_TRUE(open().has_value());
  fs::rename(file(), parent_ + "/elsewhere");
  fs::create_symlink(parent_ + "/elsewhere", file());

  EXPECT_FALSE(open().has_value());
}

TEST_F(KeyStoreTest, TheControlPlaneHasItsIdAndItsNames) {
  CertificateAuthority::Ptr authority = *open();

  Result<Svid> svid = issue_control_svid(*authority, {{"localhost"}, {"127.0.0.1"}}, 24h, kNow);

  ASSERT_TRUE(svid.has_value()) << svid.error().text();
  EXPECT_EQ(svid->id.text(), "spiffe://cluster.local/ns/heddle-system/sa/heddle-control");
  EXPECT_EQ(X509_check_host(svid->chain.front().get(), "localhost", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_ip_asc(svid->chain.front().get(), "127.0.0.1", 0), 1);
}
}  // namespace
}  // namespace heddle
