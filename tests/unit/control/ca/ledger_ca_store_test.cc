#include "control/ca/ledger_ca_store.h"

#include "control/store/sqlite_ledger.h"
#include "tests/support/ca_now.h"
#include "tests/support/held_ledger.h"
#include "tests/support/ledger_now.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/control/ca/given_fixtures.h"
#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace {
constexpr WallTime kNow{std::chrono::seconds(1'800'000'000)};
using Phase = RotationPhase;

class LedgerCaStoreTest : public testing::Test {
 protected:
  LedgerCaStore store(Ledger& ledger, std::string_view name = "a",
                      std::string_view passphrase = "correct horse") const {
    return {ledger, folder_ / std::string(name), domain_, KeyForm(Secret(passphrase))};
  }
  std::string text(std::string_view document) { return (*ledger_.meta(document)).value_or(""); }
  Result<void> put(std::string_view document, std::string text) {
    return commit_now(ledger_, {PutMeta{std::string(document), std::move(text)}});
  }
  CaState prepared(const CaState& from) const {
    auto next = *CertificateAuthority::create_root(domain_, 24h, kNow);
    return {Phase::kPrepared, from.sequence + 1, kNow, from.signer, next, nullptr};
  }

  TempDir folder_;
  TrustDomain domain_ = *TrustDomain::parse("cluster.local");
  TestStore database_;
  SqliteLedger ledger_{database_.database};
};

TEST_F(LedgerCaStoreTest, WithoutPassphraseAndFilesNothingIsMade) {
  LedgerCaStore plain = store(ledger_, "a", "");

  Result<CaState> refused = open_now(plain, kNow);

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::kConfigInvalid);
  EXPECT_NE(refused.error().detail.find("--ca-passphrase-file"), std::string::npos) << refused.error().detail;
  EXPECT_EQ(text("ca.authority"), "");
}

TEST_F(LedgerCaStoreTest, OfTwoThatStartAtOnceOneMakesTheRoot) {
  HeldLedger slow(ledger_);
  slow.hold();
  LedgerCaStore late = store(slow, "b");
  std::optional<Result<CaState>> found;
  Pending token = late.open(kNow, nullptr, [&](Result<CaState> state) { found.emplace(std::move(state)); });
  ASSERT_FALSE(found);
  LedgerCaStore early = store(ledger_);
  Result<CaState> made = open_now(early, kNow);
  ASSERT_TRUE(made);

  slow.release();

  ASSERT_TRUE(found && *found) << "it reads the root of the other";
  EXPECT_EQ(root_pin(*(*found)->signer), root_pin(*made->signer));
  EXPECT_TRUE((*found)->signer->has_key());
}

TEST_F(LedgerCaStoreTest, WhoSawAnOlderStateDecidesNothing) {
  LedgerCaStore a = store(ledger_);
  LedgerCaStore b = store(ledger_, "b");
  CaState first = *open_now(a, kNow);
  ASSERT_TRUE(open_now(b, kNow));
  ASSERT_TRUE(decide_now(a, prepared(first)));
  std::string decided = text("ca.rotation");

  Result<void> late = decide_now(b, prepared(first));

  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().reason, Reason::kConflict);
  EXPECT_NE(late.error().detail.find("heddle ca status"), std::string::npos);
  EXPECT_EQ(text("ca.rotation"), decided);
}

TEST_F(LedgerCaStoreTest, WhatOthersDecidedIsReadOnce) {
  LedgerCaStore a = store(ledger_);
  LedgerCaStore b = store(ledger_, "b");
  CaState first = *open_now(a, kNow);
  ASSERT_TRUE(open_now(b, kNow));
  EXPECT_FALSE(*b.read_newer());
  CaState state = prepared(first);
  ASSERT_TRUE(decide_now(a, state));

  Result<std::optional<CaState>> newer = b.read_newer();

  ASSERT_TRUE(newer && *newer);
  EXPECT_EQ((*newer)->phase, Phase::kPrepared);
  EXPECT_EQ(root_pin(*(*newer)->next), root_pin(*state.next));
  EXPECT_FALSE(*b.read_newer());
  EXPECT_FALSE(*a.read_newer()) << "its own is no news";
}

TEST_F(LedgerCaStoreTest, TheKeyOfFilesIsNotInTheLedger) {
  TestCa root("cluster.local");
  LedgerCaStore a = store(ledger_, "a", "");
  CaState state = *open_now(a, kNow, given_by(root).authority);
  TestCa next("cluster.local");
  CaState ready{Phase::kPrepared, 2, kNow, state.signer, given_by(next).authority, nullptr};

  ASSERT_TRUE(decide_now(a, ready));

  EXPECT_EQ(text("ca.authority").find("PRIVATE"), std::string::npos);
  EXPECT_EQ(text("ca.rotation").find("PRIVATE"), std::string::npos);
}

TEST_F(LedgerCaStoreTest, ARootOfOursIsNotWrittenWithoutAPassphrase) {
  TestCa root("cluster.local");
  LedgerCaStore a = store(ledger_, "a", "");
  CaState state = *open_now(a, kNow, given_by(root).authority);
  std::string before = text("ca.rotation");

  Result<void> refused = decide_now(a, prepared(state));

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::kConfigInvalid);
  EXPECT_EQ(text("ca.rotation"), before);
}

TEST_F(LedgerCaStoreTest, WhoHasNotTheFilesKnowsTheRootButNotTheKey) {
  TestCa root("cluster.local");
  LedgerCaStore a = store(ledger_);
  ASSERT_TRUE(open_now(a, kNow, given_by(root).authority));
  LedgerCaStore b = store(ledger_, "b");

  Result<CaState> found = open_now(b, kNow);

  ASSERT_TRUE(found) << found.error().text();
  EXPECT_FALSE(found->signer->has_key());
  EXPECT_EQ((*found->bundle())->pins(), root.roots()->pins());
}

TEST_F(LedgerCaStoreTest, EachHasTheCertificateOfItsOwnFiles) {
  TestCa root("cluster.local");
  LedgerCaStore a = store(ledger_, "a", "");
  ASSERT_TRUE(open_now(a, kNow, given_by(root).authority));
  GivenCa own = given_by(root);
  LedgerCaStore b = store(ledger_, "b", "");

  Result<CaState> found = open_now(b, kNow, own.authority);

  ASSERT_TRUE(found) << found.error().text();
  EXPECT_EQ(found->signer->fingerprint(), own.authority->fingerprint());
}

// The files were replaced by those of another root, which nobody prepared yet; then it was started anew.
TEST_F(LedgerCaStoreTest, TheKeyThatSignsIsKeptHereWhateverTheFilesHold) {
  TestCa root("cluster.local");
  TestCa other("cluster.local");
  GivenCa first = given_by(root);
  LedgerCaStore before = store(ledger_, "a", "");
  ASSERT_TRUE(open_now(before, kNow, first.authority));
  LedgerCaStore after = store(ledger_, "a", "");

  Result<CaState> found = open_now(after, kNow, given_by(other).authority);

  ASSERT_TRUE(found) << found.error().text();
  EXPECT_EQ(found->signer->fingerprint(), first.authority->fingerprint());
  EXPECT_TRUE(found->signer->has_key());
}

TEST_F(LedgerCaStoreTest, AKeyThatIsNotNeededAnyMoreIsDestroyed) {
  TestCa root("cluster.local");
  TestCa other("cluster.local");
  LedgerCaStore a = store(ledger_, "a", "");
  CaState state = *open_now(a, kNow, given_by(root).authority);
  GivenCa next = given_by(other);
  ASSERT_TRUE(a.hold(next.authority));
  CaState ready{Phase::kPrepared, 2, kNow, state.signer, next.authority, nullptr};
  ASSERT_TRUE(decide_now(a, ready));
  EXPECT_EQ(list_files(folder_ / "a")->size(), 2U);

  ASSERT_TRUE(decide_now(a, {Phase::kActivated, 2, kNow, next.authority, nullptr, state.signer->roots()}));

  EXPECT_EQ(list_files(folder_ / "a")->size(), 1U);
}

TEST_F(LedgerCaStoreTest, DocumentsThatAreDamagedAreNamed) {
  LedgerCaStore a = store(ledger_);
  ASSERT_TRUE(open_now(a, kNow));
  LedgerCaStore b = store(ledger_, "b");
  std::string good = text("ca.rotation");
  const std::string kDamaged[] = {"", "{}", good.substr(0, good.size() / 2), R"({"phase":"prepared"})"};
  for (const std::string& damaged : kDamaged) {
    ASSERT_TRUE(put("ca.rotation", damaged));
    Result<CaState> refused = open_now(b, kNow);
    ASSERT_FALSE(refused) << damaged;
    EXPECT_NE(refused.error().detail.find("ca.rotation"), std::string::npos) << refused.error().detail;
  }
  ASSERT_TRUE(put("ca.rotation", good));
  EXPECT_TRUE(open_now(b, kNow));
  auto other = *CertificateAuthority::create_root(domain_, 24h, kNow);
  ASSERT_TRUE(put("ca.authority", other->to_pem()));

  EXPECT_FALSE(open_now(b, kNow)) << "another root than was decided";
}

TEST_F(LedgerCaStoreTest, APlainKeyInTheLedgerIsRefused) {
  auto root = *CertificateAuthority::create_root(domain_, 24h, kNow);
  CaState state{Phase::kSteady, 1, kNow, root, nullptr, nullptr};
  Secret key = *root->key_pem();
  ASSERT_TRUE(put("ca.authority", std::string(authority_text(*root, key.view()).view())));
  ASSERT_TRUE(put("ca.rotation", std::string(rotation_text(state, nullptr, "").view())));
  LedgerCaStore a = store(ledger_);

  Result<CaState> refused = open_now(a, kNow);

  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().detail.find("without a passphrase"), std::string::npos) << refused.error().detail;
}

TEST_F(LedgerCaStoreTest, HalfOfTheStateStopsTheStart) {
  ASSERT_TRUE(put("ca.rotation", "{}"));
  LedgerCaStore a = store(ledger_);

  Result<CaState> refused = open_now(a, kNow);

  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().detail.find("but not ca.authority"), std::string::npos) << refused.error().detail;
}
}  // namespace
}  // namespace heddle
