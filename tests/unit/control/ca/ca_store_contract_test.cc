// What holds wherever the CA's state is kept: in files and in the ledger.
#include <filesystem>

#include "control/ca/file_ca_store.h"
#include "control/ca/ledger_ca_store.h"
#include "control/store/sqlite_ledger.h"
#include "tests/support/ca_now.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/control/ca/given_fixtures.h"
#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace {
constexpr WallTime kNow{std::chrono::seconds(1'800'000'000)};
using Phase = RotationPhase;

TrustDomain domain() { return *TrustDomain::parse("cluster.local"); }

struct Files {
  std::unique_ptr<CaStore> store(KeyForm form) const {
    return std::make_unique<FileCaStore>(folder / "ca", domain(), std::move(form));
  }
  std::string all_text() const {
    std::string out;
    for (const char* name : {"/ca/ca.pem", "/ca/ca.rotation"}) {
      if (std::filesystem::exists(folder.path() + name)) out += *read_file(folder.path() + name, 1 << 20);
    }
    return out;
  }
  TempDir folder;
};

struct Shared {
  std::unique_ptr<CaStore> store(KeyForm form) {
    return std::make_unique<LedgerCaStore>(ledger, folder / "ca", domain(), std::move(form));
  }
  std::string all_text() { return str_cat(**ledger.meta("ca.authority"), **ledger.meta("ca.rotation")); }
  TempDir folder;
  TestStore database;
  SqliteLedger ledger{database.database};
};

template <class Home>
class CaStoreContract : public testing::Test {
 protected:
  // Each time as another process, with the passphrase that all have.
  Result<CaState> open(const CertificateAuthority::Ptr& first = nullptr,
                       std::string_view passphrase = "correct horse") {
    store_ = home_.store(KeyForm(Secret(passphrase)));
    return open_now(*store_, kNow, first);
  }
  Result<void> decide(const CaState& state) {
    HEDDLE_CHECK_OK(decide_now(*store_, state));
    return finish_now(*store_, state);
  }
  static CaState prepared(const CaState& from) {
    auto next = *CertificateAuthority::create_root(domain(), 24h, kNow);
    return {Phase::kPrepared, 2, kNow, from.signer, next, nullptr};
  }
  static CaState activated(const CaState& from) {
    return {Phase::kActivated, from.sequence, kNow, from.next, nullptr, from.signer->roots()};
  }
  static void expect_same(const CaState& found, const CaState& state) {
    EXPECT_EQ(found.phase, state.phase);
    EXPECT_EQ(found.sequence, state.sequence);
    EXPECT_EQ(found.since, state.since);
    EXPECT_EQ(found.signer->fingerprint(), state.signer->fingerprint());
    EXPECT_TRUE(found.signer->has_key());
    EXPECT_EQ((*found.bundle())->digest(), (*state.bundle())->digest());
    EXPECT_EQ(found.is_aborted, state.is_aborted);
  }

  Home home_;
  std::unique_ptr<CaStore> store_;
};
using Homes = testing::Types<Files, Shared>;
TYPED_TEST_SUITE(CaStoreContract, Homes);

TYPED_TEST(CaStoreContract, StartsSteadyWithOneRootAndKeepsIt) {
  Result<CaState> first = this->open();
  ASSERT_TRUE(first) << first.error().text();
  EXPECT_EQ(first->phase, Phase::kSteady);
  EXPECT_EQ(first->sequence, 1U);

  Result<CaState> again = this->open();

  ASSERT_TRUE(again) << again.error().text();
  this->expect_same(*again, *first);
}

TYPED_TEST(CaStoreContract, EveryPhaseIsFoundByTheNextProcess) {
  CaState prepared = this->prepared(*this->open());
  CaState activated = this->activated(prepared);
  CaState steady{Phase::kSteady, 3, kNow, activated.signer, nullptr, nullptr};
  for (const CaState& state : {prepared, activated, steady}) {
    ASSERT_TRUE(this->decide(state));

    Result<CaState> found = this->open();

    ASSERT_TRUE(found) << found.error().text();
    this->expect_same(*found, state);
  }
}

TYPED_TEST(CaStoreContract, APreparedRootHasItsKeyAndTheOldOneHasNone) {
  CaState prepared = this->prepared(*this->open());
  ASSERT_TRUE(this->decide(prepared));
  EXPECT_TRUE(this->open()->next->has_key());

  ASSERT_TRUE(this->decide(this->activated(prepared)));

  Result<CaState> found = this->open();
  EXPECT_EQ(found->next, nullptr);
  EXPECT_EQ(found->old->pins().front(), root_pin(*prepared.signer));
}

TYPED_TEST(CaStoreContract, AnAbortIsRemembered) {
  CaState first = *this->open();
  ASSERT_TRUE(this->decide(this->prepared(first)));
  CaState aborted{Phase::kSteady, 3, kNow, first.signer, nullptr, nullptr};
  aborted.is_aborted = true;

  ASSERT_TRUE(this->decide(aborted));

  this->expect_same(*this->open(), aborted);
}

TYPED_TEST(CaStoreContract, NoKeyIsPlainInAnyPhase) {
  CaState prepared = this->prepared(*this->open());
  EXPECT_FALSE(KeyForm::holds_plain_key(this->home_.all_text()));
  ASSERT_TRUE(this->decide(prepared));
  EXPECT_FALSE(KeyForm::holds_plain_key(this->home_.all_text()));
  ASSERT_TRUE(this->decide(this->activated(prepared)));

  EXPECT_FALSE(KeyForm::holds_plain_key(this->home_.all_text()));
  EXPECT_NE(KeyForm::find_key(this->home_.all_text()), std::string::npos);
}

TYPED_TEST(CaStoreContract, AWrongPassphraseStopsTheStart) {
  ASSERT_TRUE(this->open());

  Result<CaState> wrong = this->open(nullptr, "wrong horse");

  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().detail.find("the passphrase does not open"), std::string::npos) << wrong.error().detail;
}

TYPED_TEST(CaStoreContract, AnAuthorityOfFilesSignsFromTheStart) {
  TestCa root("cluster.local");
  GivenCa given = given_by(root);

  Result<CaState> first = this->open(given.authority);
  ASSERT_TRUE(first) << first.error().text();
  EXPECT_EQ(first->signer->fingerprint(), given.authority->fingerprint());

  this->expect_same(*this->open(given.authority), *first);
}

TYPED_TEST(CaStoreContract, AnAuthorityOfFilesIsARotationAwayFromOurs) {
  CaState ours = *this->open();
  TestCa root("cluster.local");
  GivenCa given = given_by(root);

  Result<CaState> found = this->open(given.authority);

  ASSERT_TRUE(found) << found.error().text();
  this->expect_same(*found, ours);
}

TYPED_TEST(CaStoreContract, OtherRootsOfTheOperatorsFileAreKept) {
  CaState state = *this->open();
  TestCa other("cluster.local");
  state.also = other.roots();
  state.sequence = 2;

  Result<void> renewed = renew_now(*this->store_, state);

  ASSERT_TRUE(renewed);
  this->expect_same(*this->open(), state);
}
}  // namespace
}  // namespace heddle
