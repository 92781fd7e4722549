#include "lib/tls/verdict_cache.h"

#include <gtest/gtest.h>

#include "tests/support/test_ca.h"

namespace heddle {
namespace {
constexpr std::string_view kPeer = "spiffe://td1.test/ns/a/sa/b";

struct VerdictCacheTest : testing::Test {
  using Whose = VerdictCache::Whose;
  std::string key(const Svid& svid) { return VerdictCache::key_of(svid.chain.front().get(), nullptr).value_or(""); }
  VerifiedPeer verdict(const Svid& svid) { return *verify_peer(svid.chain, ca_.bundle(), kTestNow); }
  void add(const Svid& svid, WallTime now = kTestNow, Whose whose = Whose::kOwn) {
    cache_.add(key(svid), svid.chain.front().get(), verdict(svid), now, whose);
  }
  // As many peers as the places of its kind.
  void fill(const Svid& svid, Whose whose) {
    size_t places = whose == Whose::kOwn ? VerdictCache::kCapacity : VerdictCache::kForeignCapacity;
    VerifiedPeer verified = verdict(svid);
    for (size_t i = 0; i < places + 10; ++i)
      cache_.add(std::to_string(i), svid.chain.front().get(), verified, kTestNow, whose);
  }
  Svid brief() {
    CertSpec spec = CertSpec::leaf(kPeer);
    spec.not_after = kTestNow + 10s;
    return ca_.issue(spec);
  }
  TestCa ca_{"td1.test"};
  VerdictCache cache_;
};

TEST_F(VerdictCacheTest, KnowsWhatWasVerifiedByItsBytes) {
  Svid svid = ca_.issue(kPeer);
  Svid other = ca_.issue(kPeer);

  add(svid);

  ASSERT_NE(cache_.find(key(svid), kTestNow).peer, nullptr);
  EXPECT_EQ(cache_.find(key(svid), kTestNow).peer->spiffe_id()->text(), kPeer);
  EXPECT_EQ(cache_.find(key(other), kTestNow).peer, nullptr) << "the same name is not the same certificate";
}

TEST_F(VerdictCacheTest, ForgetsAPathThatIsNotValidAnyMore) {
  Svid svid = brief();
  add(svid);

  EXPECT_NE(cache_.find(key(svid), kTestNow + 10s).peer, nullptr);
  EXPECT_EQ(cache_.find(key(svid), kTestNow + 11s).peer, nullptr);
  EXPECT_EQ(cache_.size(), 0U);
}

TEST_F(VerdictCacheTest, IsNotBelievedBeforeThePathIsValid) {
  CertSpec spec = CertSpec::leaf(kPeer);
  spec.not_before = kTestNow - 10s;
  Svid svid = ca_.issue(spec);
  add(svid);

  EXPECT_EQ(cache_.find(key(svid), kTestNow - 11s).peer, nullptr);
}

TEST_F(VerdictCacheTest, EveryCertificateOfTheChainCounts) {
  TestCa between = ca_.intermediate(CertSpec::authority("between"));
  Svid svid = between.issue(kPeer);
  std::unique_ptr<STACK_OF(X509), void (*)(STACK_OF(X509)*)> shown(sk_X509_new_null(),
                                                                   [](auto* s) { sk_X509_free(s); });
  for (const auto& certificate : svid.chain) sk_X509_push(shown.get(), certificate.get());

  auto with_chain = VerdictCache::key_of(svid.chain.front().get(), shown.get());

  ASSERT_TRUE(with_chain);
  EXPECT_NE(*with_chain, key(svid));
  EXPECT_TRUE(with_chain->starts_with(key(svid))) << "a leaf that stands in the chain too is counted once";
}

TEST_F(VerdictCacheTest, AFullCacheKeepsWhatItHasUntilThatExpires) {
  Svid late = ca_.issue(kPeer);
  fill(brief(), Whose::kOwn);

  add(late);
  EXPECT_EQ(cache_.find(key(late), kTestNow).peer, nullptr);
  EXPECT_EQ(cache_.size(), VerdictCache::kCapacity);

  add(late, kTestNow + 11s);
  EXPECT_NE(cache_.find(key(late), kTestNow + 11s).peer, nullptr);
  EXPECT_EQ(cache_.size(), 1U);
}

TEST_F(VerdictCacheTest, OtherTrustDomainsTakeNoPlaceOfOurs) {
  fill(brief(), Whose::kForeign);
  EXPECT_EQ(cache_.size(), VerdictCache::kForeignCapacity);
  Svid own = ca_.issue(kPeer);
  Svid foreign = ca_.issue(kPeer);

  add(foreign, kTestNow, Whose::kForeign);
  add(own);

  EXPECT_EQ(cache_.find(key(foreign), kTestNow).peer, nullptr);
  EXPECT_NE(cache_.find(key(own), kTestNow).peer, nullptr);
}

TEST_F(VerdictCacheTest, AFullCacheOfOursHasPlacesForOthers) {
  fill(brief(), Whose::kOwn);
  Svid foreign = ca_.issue(kPeer);

  add(foreign, kTestNow, Whose::kForeign);

  EXPECT_NE(cache_.find(key(foreign), kTestNow).peer, nullptr);
}

TEST_F(VerdictCacheTest, ATooLongChainHasNoKey) {
  Svid svid = ca_.issue(kPeer);
  std::unique_ptr<STACK_OF(X509), void (*)(STACK_OF(X509)*)> shown(sk_X509_new_null(),
                                                                   [](auto* s) { sk_X509_free(s); });
  for (int i = 0; i < 6; ++i) sk_X509_push(shown.get(), svid.chain.front().get());

  EXPECT_FALSE(VerdictCache::key_of(svid.chain.front().get(), shown.get()));
  EXPECT_FALSE(VerdictCache::key_of(nullptr, nullptr));
}
}  // namespace
}  // namespace heddle
