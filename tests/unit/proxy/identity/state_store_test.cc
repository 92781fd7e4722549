#include "proxy/identity/state_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "certs/jwks.h"
#include "lib/base/file.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_ca.h"

namespace heddle {
namespace {
constexpr std::string_view kId = "spiffe://cluster.local/ns/default/sa/hello";

class StateStoreTest : public testing::Test {
 protected:
  StoredIdentity identity() const { return {ca_.issue(kId), ca_.roots()}; }
  Result<StoredIdentity> load(WallTime now = kTestNow) const { return store_.load(*SpiffeId::parse(kId), now); }
  TempDir temp_;
  std::string directory_ = temp_ / "state";
  TestCa ca_{"cluster.local"};
  StateStore store_ = *StateStore::open(directory_);
};

TEST_F(StateStoreTest, GivesBackWhatItSaved) {
  StoredIdentity saved = identity();
  ASSERT_TRUE(store_.save(saved));

  auto loaded = load();

  ASSERT_TRUE(loaded) << loaded.error().text();
  EXPECT_EQ(loaded->svid.chain_pem(), saved.svid.chain_pem());
  EXPECT_EQ(loaded->roots->pins(), saved.roots->pins());
}

TEST_F(StateStoreTest, LetsNobodyElseReadAnything) {
  ASSERT_TRUE(store_.save(identity()));

  for (const char* file : {"/svid.pem", "/svid.key", "/bundle.json", ""}) {
    struct stat status {};
    ASSERT_EQ(::stat((directory_ + file).c_str(), &status), 0) << file;
    EXPECT_EQ(status.st_mode & 077, 0U) << file;
  }
}

TEST_F(StateStoreTest, SaysWhenThereIsNothing) { EXPECT_EQ(load().error().reason, Reason::kNotFound); }

TEST_F(StateStoreTest, RefusesAKeyOthersMayRead) {
  ASSERT_TRUE(store_.save(identity()));
  ASSERT_EQ(::chmod(store_.path("svid.key").c_str(), 0640), 0);

  auto loaded = load();

  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error().detail.find("open to other users"), std::string::npos);
}

TEST_F(StateStoreTest, RefusesADirectoryOthersMayRead) {
  ASSERT_EQ(::chmod(directory_.c_str(), 0755), 0);

  EXPECT_FALSE(StateStore::open(directory_));
}

TEST_F(StateStoreTest, SurvivesACrashBetweenCertificateAndKey) {
  ASSERT_TRUE(store_.save(identity()));
  StoredIdentity next = identity();
  temp_.write("state/svid.key.next", next.svid.key_pem()->view());
  temp_.write("state/svid.pem", next.svid.chain_pem());

  auto loaded = load();

  ASSERT_TRUE(loaded) << loaded.error().text();
  EXPECT_EQ(loaded->svid.chain_pem(), next.svid.chain_pem());
}

TEST_F(StateStoreTest, SurvivesACrashBeforeTheNewCertificate) {
  StoredIdentity first = identity();
  ASSERT_TRUE(store_.save(first));
  temp_.write("state/svid.key.next", identity().svid.key_pem()->view());

  auto loaded = load();

  ASSERT_TRUE(loaded) << loaded.error().text();
  EXPECT_EQ(loaded->svid.chain_pem(), first.svid.chain_pem());
}

TEST_F(StateStoreTest, RefusesAKeyOfAnotherCertificate) {
  ASSERT_TRUE(store_.save(identity()));
  temp_.write("state/svid.key", identity().svid.key_pem()->view());

  EXPECT_FALSE(load());
}

TEST_F(StateStoreTest, RefusesAnExpiredCertificate) {
  ASSERT_TRUE(store_.save(identity()));

  auto loaded = load(kTestEnd + 1s);

  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().reason, Reason::kPeerCertificateInvalid);
}

TEST_F(StateStoreTest, RefusesTheIdentityOfSomebodyElse) {
  ASSERT_TRUE(store_.save({ca_.issue("spiffe://cluster.local/ns/default/sa/other"), ca_.roots()}));

  auto loaded = load();

  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error().detail.find("sa/other"), std::string::npos);
}

TEST_F(StateStoreTest, RefusesACorruptBundle) {
  ASSERT_TRUE(store_.save(identity()));
  temp_.write("state/bundle.json", "{\"keys\":");

  EXPECT_FALSE(load());
}

TEST_F(StateStoreTest, RefusesACertificateItsBundleDoesNotVouchFor) {
  ASSERT_TRUE(store_.save(identity()));
  temp_.write("state/bundle.json", *to_jwks(*TestCa("cluster.local").roots()));

  EXPECT_FALSE(load());
}

TEST_F(StateStoreTest, KeepsTheRootsOfOtherDomainsInAFileOfTheirOwn) {
  TestCa partner("partner.example");
  StoredIdentity saved = identity();
  saved.federated = {partner.roots()};
  ASSERT_TRUE(store_.save(saved));

  auto loaded = load();

  ASSERT_TRUE(loaded) << loaded.error().text();
  ASSERT_EQ(loaded->federated.size(), 1U);
  EXPECT_EQ(loaded->federated[0]->trust_domain().name(), "partner.example");
  EXPECT_EQ(loaded->federated[0]->pins(), partner.roots()->pins());
  struct stat status {};
  ASSERT_EQ(::stat(store_.path("federated.json").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(StateStoreTest, AFileOfDomainsThatAreNotBelievedAnyMoreGoes) {
  StoredIdentity saved = identity();
  saved.federated = {TestCa("partner.example").roots()};
  ASSERT_TRUE(store_.save(saved));
  saved.federated.clear();

  ASSERT_TRUE(store_.save(saved));

  struct stat status {};
  EXPECT_NE(::stat(store_.path("federated.json").c_str(), &status), 0);
  EXPECT_TRUE(load()->federated.empty());
}

TEST_F(StateStoreTest, FederatedRootsThatCannotBeReadCostOnlyThose) {
  ASSERT_TRUE(store_.save(identity()));
  for (std::string_view text :
       {std::string_view("nonsense"), std::string_view(R"({"trust_domains":{"A!":{"keys":[]}}})")}) {
    ASSERT_TRUE(atomic_write(store_.path("federated.json"), text, kPrivateFile));

    auto loaded = load();

    ASSERT_TRUE(loaded) << loaded.error().text();
    EXPECT_TRUE(loaded->federated.empty());
    EXPECT_NE(loaded->federated_problem.find("federated.json"), std::string::npos) << loaded->federated_problem;
  }
}

TEST_F(StateStoreTest, FederatedRootsNeverStandForOurOwn) {
  ASSERT_TRUE(store_.save(identity()));
  std::string map = *to_bundle_map({TestCa("cluster.local").roots()});
  ASSERT_TRUE(atomic_write(store_.path("federated.json"), map, kPrivateFile));

  auto loaded = load();

  ASSERT_TRUE(loaded) << loaded.error().text();
  EXPECT_EQ(loaded->roots->pins(), ca_.roots()->pins());
  EXPECT_TRUE(loaded->federated.empty());
  EXPECT_NE(loaded->federated_problem.find("our own trust domain"), std::string::npos);
}
}  // namespace
}  // namespace heddle
