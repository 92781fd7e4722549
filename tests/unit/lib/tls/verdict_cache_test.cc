#include "lib/tls/verdict_cache.h"

#include <gtest/gtest.h>

#include "tests/support/test_ca.h"

namespace heddle {
namespace {
constexpr std::string_view kPeer = "spiffe://td1.test/ns/a/sa/b";

struct VerdictCacheTest : testing::Test {
  std::string key(const Svid& svid) { return VerdictCache::key_of(svid.chain.front().get(), nullptr).value_or(""); }
  VerifiedPeer verdict(const Svid& svid) { return *verify_peer(svid.chain, ca_.bundle(), kTestNow); }
  TestCa ca_{"td1.test"};
  VerdictCache cache_;
};

TEST_F(VerdictCacheTest, KnowsWhatWasVerifiedByItsBytes) {
  Svid svid = ca_.issue(kPeer);
  Svid other = ca_.issue(kPeer);

  cache_.add(key(svid), svid.chain.front().get(), verdict(svid), kTestNow);

  ASSERT_NE(cache_.find(key(svid), kTestNow).peer, nullptr);
  EXPECT_EQ(cache_.find(key(svid), kTestNow).peer->spiffe_id()->text(), kPeer);
  EXPECT_EQ(cache_.find(key(other), kTestNow).peer, nullptr) << "the same name is not the same certificate";
}

TEST_F(VerdictCacheTest, ForgetsAPathThatIsNotValidAnyMore) {
  CertSpec spec = CertSpec::leaf(kPeer);
  spec.not_after = kTestNow + 10s;
  Svid svid = ca_.issue(spec);
  cache_.add(key(svid), svid.chain.front().get(), verdict(svid), kTestNow);

  EXPECT_NE(cache_.find(key(svid), kTestNow + 10s).peer, nullptr);
  EXPECT_EQ(cache_.find(key(svid), kTestNow + 11s).peer, nullptr);
  EXPECT_EQ(cache_.size(), 0U);
}

TEST_F(VerdictCacheTest, IsNotBelievedBeforeThePathIsValid) {
  CertSpec spec = CertSpec::leaf(kPeer);
  spec.not_before = kTestNow - 10s;
  Svid svid = ca_.issue(spec);
  cache_.add(key(svid), svid.chain.front().get(), verdict(svid), kTestNow);

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
  CertSpec spec = CertSpec::leaf(kPeer);
  spec.not_after = kTestNow + 10s;
  Svid brief = ca_.issue(spec);
  Svid late = ca_.issue(kPeer);
  for (size_t i = 0; i < VerdictCache::kCapacity; ++i)
    cache_.add(std::to_string(i), brief.chain.front().get(), verdict(brief), kTestNow);

  cache_.add(key(late), late.chain.front().get(), verdict(late), kTestNow);
  EXPECT_EQ(cache_.find(key(late), kTestNow).peer, nullptr);

  cache_.add(key(late), late.chain.front().get(), verdict(late), kTestNow + 11s);
  EXPECT_NE(cache_.find(key(late), kTestNow + 11s).peer, nullptr);
  EXPECT_EQ(cache_.size(), 1U);
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
