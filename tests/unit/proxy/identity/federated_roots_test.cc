#include "proxy/identity/federated_roots.h"

#include <gtest/gtest.h>

#include "certs/jwks.h"
#include "certs/limits.h"
#include "lib/base/strings.h"
#include "proxy/identity/ca_client.h"
#include "proxy/identity/trust_reader.h"
#include "tests/support/test_ca.h"

namespace heddle {
namespace {
const TrustDomain kOwn = *TrustDomain::parse("cluster.local");

class FederatedRootsTest : public testing::Test {
 protected:
  std::string jwks() const { return *to_jwks(*partner_.roots()); }
  TestCa own_{"cluster.local"};
  TestCa partner_{"partner.example"};
};

TEST_F(FederatedRootsTest, OneBadDomainLeavesOutItselfOnly) {
  FederatedRoots read =
      parse_federated({{"partner.example", jwks()}, {"Upper.example", jwks()}, {"bad.example", R"({"keys":1})"}}, kOwn);

  ASSERT_EQ(read.roots.size(), 1U);
  EXPECT_EQ(read.roots[0]->trust_domain().name(), "partner.example");
  ASSERT_EQ(read.refused.size(), 2U);
  EXPECT_NE(read.refused[0].find("Upper.example"), std::string::npos) << read.refused[0];
  EXPECT_NE(read.refused[1].find("bad.example"), std::string::npos) << read.refused[1];
}

TEST_F(FederatedRootsTest, OurOwnDomainIsNeverTakenFromThere) {
  FederatedRoots read = parse_federated({{"cluster.local", jwks()}}, kOwn);

  EXPECT_TRUE(read.roots.empty());
  ASSERT_EQ(read.refused.size(), 1U);
  EXPECT_NE(read.refused[0].find("our own trust domain"), std::string::npos) << read.refused[0];
}

TEST_F(FederatedRootsTest, AnEmptyBundleRevokesTheDomain) {
  FederatedRoots read = parse_federated({{"partner.example", R"({"keys":[]})"}}, kOwn);

  ASSERT_EQ(read.roots.size(), 1U);
  EXPECT_TRUE(read.roots[0]->empty());
}

TEST_F(FederatedRootsTest, StandBesideOurOwnAndComeOutAgain) {
  auto bundle = bundle_with(own_.roots(), {partner_.roots()});

  EXPECT_EQ(bundle->find("cluster.local")->pins(), own_.roots()->pins());
  auto others = federated_in(bundle, kOwn);
  ASSERT_EQ(others.size(), 1U);
  EXPECT_EQ(others[0]->pins(), partner_.roots()->pins());
}

TEST_F(FederatedRootsTest, AnAnnouncementIsReadWhole) {
  WatchTrust said{std::string(64, 'a'), 60s, *to_jwks(*own_.roots()), {{"partner.example", jwks()}}};

  auto news = read_trust_news(said, kOwn);

  ASSERT_TRUE(news) << news.error().text();
  EXPECT_EQ(news->signer, said.signer);
  EXPECT_EQ(news->renew_within, said.renew_within);
  EXPECT_EQ(news->roots->pins(), own_.roots()->pins());
  EXPECT_EQ(news->federated.roots.size(), 1U);
}

TEST_F(FederatedRootsTest, AnAnnouncementWithoutRootsOfOurOwnIsRefused) {
  EXPECT_FALSE(read_trust_news({std::string(64, 'a'), 60s, R"({"keys":[]})", {{"partner.example", jwks()}}}, kOwn));
  EXPECT_FALSE(read_trust_news({std::string(64, 'a'), 60s, "{}", {}}, kOwn));
}

TEST_F(FederatedRootsTest, AnAnswerOfTheControlPlaneCarriesThemUnread) {
  auto answer = [this](std::string_view more) {
    return parse_ca_answer(
        str_cat(R"({"chain":"x","serial":"1","issuedAt":"2026-01-31T12:00:00.000Z",)",
                R"("notAfter":"2026-02-01T12:00:00.000Z","bundle":)", *to_jwks(*own_.roots()), more, "}"),
        kOwn);
  };

  auto with = answer(R"(,"federated":{"partner.example":{"keys":1}})");
  ASSERT_TRUE(with) << with.error().text();
  EXPECT_EQ(with->federated, (FederatedTexts{{"partner.example", R"({"keys":1})"}}));
  EXPECT_TRUE(answer("")->federated.empty());
  EXPECT_FALSE(answer(R"(,"federated":[])"));
}

TEST_F(FederatedRootsTest, WhatExceedsTheLimitOfAllIsRefusedByName) {
  std::string keys;
  for (size_t i = 0; i < kMaxRoots; ++i) {
    std::string one = *to_jwks(*TestCa("partner.example", CertSpec::authority("of any domain")).roots());
    size_t from = one.find('[') + 1;
    keys.append(i == 0 ? "" : ",").append(one.substr(from, one.find_last_of(']') - from));
  }
  FederatedTexts texts;
  for (size_t i = 10; i < 10 + kMaxFederatedDomains; ++i) {
    texts.emplace(str_cat("d", std::to_string(i), ".example"), str_cat(R"({"keys":[)", keys, "]}"));
  }

  FederatedRoots read = parse_federated(texts, kOwn);

  EXPECT_FALSE(read.roots.empty());
  ASSERT_FALSE(read.refused.empty());
  EXPECT_NE(read.refused[0].find("768 KiB"), std::string::npos) << read.refused[0];
  EXPECT_EQ(read.roots.size() + read.refused.size(), texts.size());
}
}  // namespace
}  // namespace heddle
