#include <gtest/gtest.h>

#include "lib/routing/host_index.h"
#include "lib/routing/matcher.h"
#include "lib/routing/request_facts.h"
#include "lib/routing/traffic_split.h"
#include "tests/support/map_fields.h"

namespace heddle {
namespace {
using Fields = MapFields;

TEST(HostIndex, IgnoresCaseAndATrailingDot) {
  HostIndex index;

  EXPECT_TRUE(index.add("a.b", 1));
  EXPECT_FALSE(index.add("A.B", 2));
  EXPECT_EQ(index.find("A.b"), 1U);
  EXPECT_EQ(index.find("a.b."), 1U);
  EXPECT_EQ(index.find("a"), std::nullopt);
  EXPECT_EQ(index.find(""), std::nullopt);
}

TEST(HostIndex, FindsEachOfManyNames) {
  HostIndex index;
  for (uint32_t i = 0; i < 3000; ++i) ASSERT_TRUE(index.add("host-" + std::to_string(i), i));

  for (uint32_t i = 0; i < 3000; ++i) {
    EXPECT_EQ(index.find("HOST-" + std::to_string(i)), i);
    EXPECT_FALSE(index.add("Host-" + std::to_string(i), 0));
  }
  EXPECT_EQ(index.size(), 3000U);
  EXPECT_EQ(index.find("host-3000"), std::nullopt);
}

TEST(RequestFacts, SplitsAuthorities) {
  EXPECT_EQ(split_authority("a.b")->host, "a.b");
  EXPECT_FALSE(split_authority("a.b")->port);
  EXPECT_EQ(split_authority("a.b:8080")->port, 8080);
  EXPECT_EQ(split_authority("[::1]:80")->host, "::1");
  EXPECT_EQ(split_authority("[::1]")->host, "::1");
  for (std::string_view bad : {"", ":80", "a:", "a:0", "a:65536", "a:b", "a:80:80", "[::1", "[]", "[::1]x", "a:+1"}) {
    EXPECT_FALSE(split_authority(bad)) << bad;
  }
}

TEST(RequestFacts, CutTheQueryOffThePath) {
  BlockPool pool;
  RequestHead head(pool);
  ASSERT_TRUE(head.set_method("GET") && head.set_path("/a?b=c?d") && head.set_authority("h:1"));
  ASSERT_TRUE(head.fields().add("x-a", "1"));

  RequestFacts facts = facts_of(head);

  EXPECT_EQ(facts.path, "/a");
  EXPECT_EQ(facts.query, "b=c?d");
  EXPECT_EQ(facts.authority, "h:1");
  EXPECT_EQ(facts.headers.get("x-a"), "1");
  EXPECT_FALSE(facts.headers.get("x-b"));
}

TEST(Matcher, OfEqualParametersTheFirstCounts) {
  EXPECT_EQ(query_parameter("a=1&b=2&a=3", "a"), "1");
  EXPECT_EQ(query_parameter("a&b", "a"), "");
  EXPECT_EQ(query_parameter("&&b=", "b"), "");
  EXPECT_EQ(query_parameter("ab=1", "a"), std::nullopt);
  EXPECT_EQ(query_parameter("%61=1", "a"), "1");
}

TEST(Matcher, DecodesWhileComparing) {
  EXPECT_TRUE(equals_decoded("a%2Fb+c%", "a/b c%"));
  EXPECT_TRUE(equals_decoded("%zz", "%zz"));
  EXPECT_FALSE(equals_decoded("a%2", "a"));
  EXPECT_FALSE(equals_decoded("a", "a%2"));
}

TEST(TrafficSplit, TheSameDrawIsTheSameChoice) {
  TrafficSplit split(std::vector<uint32_t>{1, 0, 3});

  EXPECT_EQ(split.pick(0), 0U);
  EXPECT_EQ(split.pick((1ULL << 62) - 1), 0U);
  EXPECT_EQ(split.pick(1ULL << 62), 2U);
  EXPECT_EQ(split.pick(UINT64_MAX), 2U);
}

TEST(TrafficSplit, FollowsTheWeightsExactlyOverEvenDraws) {
  TrafficSplit split(std::vector<uint32_t>{70, 30});
  int first = 0;
  for (uint64_t i = 0; i < 1000; ++i) first += split.pick(i * (UINT64_MAX / 1000)) == 0U ? 1 : 0;

  EXPECT_NEAR(first, 700, 1);
}

TEST(TrafficSplit, OfSomeChoicesKeepsTheirWeights) {
  TrafficSplit split(std::vector<uint32_t>{60, 10, 30});
  auto without_first = [](size_t i) { return i != 0; };
  int last = 0;
  int draws = 0;
  // Only draws that mean the first one: they are what is spread.
  for (uint64_t i = 0; i < 10'000; ++i) {
    uint64_t draw = i * (UINT64_MAX / 10'000);
    if (split.pick(draw) != 0U) continue;
    ++draws;
    last += split.pick_among(draw, without_first) == 2U ? 1 : 0;
    EXPECT_EQ(split.pick_among(draw, without_first), split.pick_among(draw, without_first));
  }

  EXPECT_NEAR(draws, 6000, 1);
  EXPECT_NEAR(last, draws * 3 / 4, 150);
}

TEST(TrafficSplit, OfNoChoiceWithWeightIsNothing) {
  TrafficSplit split(std::vector<uint32_t>{60, 0});

  EXPECT_FALSE(split.pick_among(7, [](size_t) { return false; }));
  EXPECT_FALSE(split.pick_among(7, [](size_t i) { return i == 1; }));
  EXPECT_EQ(split.pick_among(7, [](size_t) { return true; }), 0U);
  EXPECT_FALSE(TrafficSplit().pick_among(7, [](size_t) { return true; }));
}

TEST(TrafficSplit, HasNoChoiceWithoutWeight) {
  EXPECT_FALSE(TrafficSplit(std::vector<uint32_t>{0, 0}).pick(5));
  EXPECT_FALSE(TrafficSplit().pick(5));
}
}  // namespace
}  // namespace heddle
