#include "certs/authorizer.h"

#include <gtest/gtest.h>

#include "tests/support/test_ca.h"

namespace heddle {
namespace {
SpiffeId id(std::string_view text) { return *SpiffeId::parse(text); }
TrustDomain domain(std::string_view name) { return *TrustDomain::parse(name); }

PeerCertificate peer(std::string_view uri) {
  return *PeerCertificate::from_x509(TestCa("td.test").issue(CertSpec::leaf(uri)).chain.front().get());
}

bool allows(PeerCheck check, std::string_view uri) { return check(peer(uri)).has_value(); }
}  // namespace

TEST(Authorizer, TakesExactlyOneId) {
  EXPECT_TRUE(allows(Authorizer::exact(id("spiffe://td.test/a")), "spiffe://td.test/a"));
  EXPECT_FALSE(allows(Authorizer::exact(id("spiffe://td.test/a")), "spiffe://td.test/ab"));
  EXPECT_FALSE(allows(Authorizer::exact(id("spiffe://td.test/a")), "spiffe://td.test/a/b"));
  EXPECT_FALSE(allows(Authorizer::exact(id("spiffe://td.test/a")), "spiffe://td2.test/a"));
  EXPECT_FALSE(allows(Authorizer::exact(id("spiffe://td.test/a")), "spiffe://td.test/A"));
}

TEST(Authorizer, TakesOneOfMany) {
  std::vector<SpiffeId> ids{id("spiffe://td.test/a"), id("spiffe://td.test/b")};

  EXPECT_TRUE(allows(Authorizer::one_of(ids), "spiffe://td.test/b"));
  EXPECT_FALSE(allows(Authorizer::one_of(ids), "spiffe://td.test/c"));
}

TEST(Authorizer, MatchesNobodyWithAnEmptyList) {
  EXPECT_FALSE(allows(Authorizer::one_of({}), "spiffe://td.test/a"));
  EXPECT_FALSE(allows(Authorizer::any_in({}), "spiffe://td.test/a"));
}

TEST(Authorizer, TakesMembersOfATrustDomain) {
  EXPECT_TRUE(allows(Authorizer::member_of(domain("td.test")), "spiffe://td.test/x/y"));
  EXPECT_FALSE(allows(Authorizer::member_of(domain("td.test")), "spiffe://td.test.evil/x"));
  EXPECT_FALSE(allows(Authorizer::member_of(domain("td.test")), "spiffe://evil/td.test"));
  EXPECT_TRUE(allows(Authorizer::any_in(TestCa("td.test").bundle().domains()), "spiffe://td.test/x"));
}

TEST(Authorizer, RefusesAPeerWithoutAnId) {
  EXPECT_FALSE(allows(Authorizer::member_of(domain("td.test")), "https://td.test/a"));
  EXPECT_FALSE(allows(Authorizer::exact(id("spiffe://td.test/a")), "https://td.test/a"));
}

TEST(Authorizer, SaysWhoWasExpectedAndWhoCame) {
  PeerCheck check = Authorizer::exact(id("spiffe://td.test/a"));

  auto refused = check(peer("spiffe://td.test/b"));

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::kPeerIdentityUnexpected);
  EXPECT_EQ(refused.error().detail, "expected spiffe://td.test/a, peer is spiffe://td.test/b");
}

TEST(Authorizer, ShortensALongList) {
  std::vector<SpiffeId> ids;
  for (char c = 'a'; c < 'k'; ++c) ids.push_back(id(std::string("spiffe://td/") + c));

  auto refused = Authorizer::one_of(ids)(peer("spiffe://td.test/b"));

  EXPECT_NE(refused.error().detail.find("spiffe://td/d and 6 more"), std::string::npos) << refused.error().detail;
}
}  // namespace heddle
