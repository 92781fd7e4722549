#include "control/ca/ca_documents.h"

#include <gtest/gtest.h>

#include "tests/unit/control/ca/given_fixtures.h"

namespace heddle {
namespace {
constexpr WallTime kNow{std::chrono::seconds(1'800'000'000)};
using Phase = RotationPhase;

class CaDocumentsTest : public testing::Test {
 protected:
  CertificateAuthority::Ptr root() const { return *CertificateAuthority::create_root(domain_, 24h, kNow); }
  CertificateAuthority::Ptr without_key(const CertificateAuthority::Ptr& authority) const {
    return *CertificateAuthority::without_key(domain_, authority->to_pem());
  }
  TrustDomain domain_ = *TrustDomain::parse("cluster.local");
};

TEST_F(CaDocumentsTest, AnAuthorityIsReadAsItWasWritten) {
  auto authority = root();
  Secret key = *authority->key_pem();

  auto whole = read_authority_text(authority_text(*authority, key.view()).view(), domain_, {});
  auto known = read_authority_text(authority_text(*authority, "").view(), domain_, {});

  ASSERT_TRUE(whole && known);
  EXPECT_TRUE((*whole)->has_key());
  EXPECT_FALSE((*known)->has_key());
  EXPECT_EQ((*known)->fingerprint(), authority->fingerprint());
}

TEST_F(CaDocumentsTest, EveryFieldOfARotationIsReadAsItWasWritten) {
  CaState state{Phase::kPrepared, 7, kNow, root(), root(), nullptr, root()->roots()};
  Secret key = *state.next->key_pem();
  Secret text = rotation_text(state, state.next.get(), key.view());

  Result<RotationWords> words = read_rotation_words(text.view());
  ASSERT_TRUE(words) << words.error().text();
  Result<CaState> again = state_of(*words, state.signer, state.next);

  ASSERT_TRUE(again);
  EXPECT_EQ(words->signer, root_pin(*state.signer));
  EXPECT_EQ(words->next, state.next->to_pem());
  EXPECT_EQ(words->next_key.view(), key.view());
  EXPECT_EQ(again->phase, state.phase);
  EXPECT_EQ(again->sequence, state.sequence);
  EXPECT_EQ(again->since, state.since);
  EXPECT_EQ((*again->bundle())->digest(), (*state.bundle())->digest());
}

TEST_F(CaDocumentsTest, ANextRootMayBeWithoutItsKey) {
  CaState state{Phase::kPrepared, 2, kNow, root(), root(), nullptr};

  Result<RotationWords> words = read_rotation_words(rotation_text(state, state.next.get(), "").view());

  ASSERT_TRUE(words) << words.error().text();
  EXPECT_EQ(words->next_key.view(), "");
}

TEST_F(CaDocumentsTest, WhatIsUnknownOrMissingIsRefused) {
  EXPECT_FALSE(read_rotation_words(R"({"phase":"later","sequence":1})"));
  EXPECT_FALSE(read_rotation_words("{}"));
  CaState state{Phase::kSteady, 1, kNow, root(), nullptr, nullptr};
  std::string good(rotation_text(state, nullptr, "").view());
  ASSERT_TRUE(read_rotation_words(good));
  EXPECT_FALSE(read_rotation_words("{\"more\":1," + good.substr(1)));
}

TEST_F(CaDocumentsTest, WhoSignsHereIsTheSignerOrUntilTheRetirementTheOldOne) {
  auto old = root();
  auto signer = root();
  CaState state{Phase::kActivated, 2, kNow, signer, nullptr, old->roots()};
  EXPECT_EQ(signer_here(state, {old}), signer);

  state.signer = without_key(signer);
  EXPECT_EQ(signer_here(state, {nullptr, root(), old}), old);
  EXPECT_EQ(signer_here(state, {without_key(old)}), state.signer) << "neither of them";
  state.phase = Phase::kSteady;
  state.old = nullptr;
  EXPECT_EQ(signer_here(state, {old}), state.signer) << "nobody trusts the old one any more";
}

TEST_F(CaDocumentsTest, KeysThatAreNotHereAreNamedByTheirRoot) {
  CaState state{Phase::kPrepared, 2, kNow, root(), root(), nullptr};
  EXPECT_EQ(missing_key(state), "");

  state.next = without_key(state.next);
  EXPECT_NE(missing_key(state).find(root_pin(*state.next)), std::string::npos);
  state.signer = without_key(state.signer);
  EXPECT_NE(missing_key(state).find(root_pin(*state.signer)), std::string::npos);
}

TEST_F(CaDocumentsTest, WhatSomebodyIssuedIsNoRootOfOurs) {
  EXPECT_TRUE(is_our_root(*root()));
  EXPECT_FALSE(is_our_root(*given_by(TestCa("cluster.local")).authority));
}
}  // namespace
}  // namespace heddle
