#include "control/replicas/peer_facts.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"

namespace heddle {
namespace {
const std::string kWeb = "spiffe://cluster.local/ns/default/sa/web";

RequestFact fact(std::string path) {
  RequestFact out;
  out.version = {1, 4};
  out.method = "GET";
  out.host = "hello";
  out.path = std::move(path);
  out.headers = {{"x-user", "a \"b\""}};
  return out;
}

FactsResult result() {
  FactsResult out;
  out.sidecars = {{{kWeb, "n1", "i1"}, {{fact("/a"), fact("/b")}, 32}}, {{kWeb, "n2"}, {{}, 0}}};
  out.silent = {{kWeb, "n3"}};
  out.without = {{kWeb, "n4"}};
  out.connected = 4;
  out.asked = 3;
  return out;
}

std::string problem_of(std::string_view body) {
  Result<FactsResult> read = decode_facts_result(body);
  return read ? "taken" : read.error().detail;
}

TEST(PeerFacts, AQuestionSurvivesTheTrip) {
  FactsQuery query{"shop", 2500ms, 12, 100, 5000};

  Result<FactsQuery> there = decode_facts_query(encode_facts_query(query));

  ASSERT_TRUE(there.has_value()) << there.error().text();
  EXPECT_EQ(there->ns, "shop");
  EXPECT_EQ(there->timeout, 2500ms);
  EXPECT_EQ(there->sidecars, 12U);
  EXPECT_EQ(there->each, 100U);
  EXPECT_EQ(there->bytes, 5000U);
}

TEST(PeerFacts, AQuestionWithoutASharesIsOneForTheLimits) {
  Result<FactsQuery> there = decode_facts_query(encode_facts_query({}));

  ASSERT_TRUE(there.has_value()) << there.error().text();
  EXPECT_EQ(there->sidecars, FactsFetcher::kMostSidecars);
  EXPECT_EQ(there->each, kMaxFacts);
  EXPECT_EQ(there->bytes, FactsFetcher::kMostBytes);
}

TEST(PeerFacts, AnAnswerSurvivesTheTripWhole) {
  FactsResult own = result();

  Result<FactsResult> there = decode_facts_result(encode_facts_result(own));

  ASSERT_TRUE(there.has_value()) << there.error().text();
  ASSERT_EQ(there->sidecars.size(), 2U);
  EXPECT_EQ(there->sidecars[0].key, own.sidecars[0].key);
  EXPECT_EQ(there->sidecars[0].kept.facts, own.sidecars[0].kept.facts);
  EXPECT_EQ(there->sidecars[0].kept.seen, 32U);
  EXPECT_EQ(there->silent, own.silent);
  EXPECT_EQ(there->without, own.without);
  EXPECT_EQ(there->connected, 4U);
  EXPECT_EQ(there->asked, 3U);
  EXPECT_FALSE(there->is_busy || there->is_full);
}

TEST(PeerFacts, ThoseThatRememberNothingAreNamedUpToALimitAndCounted) {
  FactsResult own = result();
  own.without.assign(kMaxPeerNames + 7, {kWeb, "n"});
  own.connected = own.without.size() + 2;

  Result<FactsResult> there = decode_facts_result(encode_facts_result(own));

  ASSERT_TRUE(there.has_value()) << there.error().text();
  EXPECT_EQ(there->without.size(), kMaxPeerNames);
  EXPECT_EQ(there->more_without, 7U);
}

TEST(PeerFacts, HostileBodiesAreErrors) {
  std::string good = encode_facts_result(result());
  EXPECT_EQ(problem_of(good), "taken");
  for (std::string_view bad : {"", "[]", "{}", "null", R"({"sidecars":1})"}) EXPECT_NE(problem_of(bad), "taken") << bad;
  EXPECT_NE(problem_of(str_cat(good.substr(0, good.size() - 1), R"(,"more":1})")).find("more"), std::string::npos);
  FactsResult own = result();
  own.sidecars.assign(FactsFetcher::kMostSidecars + 1, own.sidecars[1]);
  EXPECT_NE(problem_of(encode_facts_result(own)), "taken");
  own = result();
  own.sidecars[0].kept.facts.assign(kMaxFacts + 1, fact("/"));
  EXPECT_NE(problem_of(encode_facts_result(own)), "taken");
  own = result();
  own.sidecars[0].kept.facts[0].headers = {{"authorization", "secret"}};
  EXPECT_NE(problem_of(encode_facts_result(own)), "taken");
  own = result();
  own.connected = 0;
  EXPECT_NE(problem_of(encode_facts_result(own)), "taken");
  for (std::string_view bad : {"", "{}", R"({"namespace":"a","timeout_ms":0,"sidecars":1,"each":1,"bytes":1})",
                               R"({"namespace":"a","timeout_ms":9,"sidecars":1001,"each":1,"bytes":1})",
                               R"({"namespace":"a","timeout_ms":9,"sidecars":1,"each":1,"bytes":1,"more":1})"}) {
    EXPECT_FALSE(decode_facts_query(bad).has_value()) << bad;
  }
}
}  // namespace
}  // namespace heddle
