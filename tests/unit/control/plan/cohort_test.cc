#include "control/plan/cohort.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kCart = "spiffe://cluster.local/ns/shop/sa/cart";

NodeKey node(std::string_view name, std::string_view identity = kCart) {
  return {std::string(identity), std::string(name)};
}
RolloutSpec spec(std::initializer_list<std::string_view> stages) {
  RolloutSpec out;
  for (std::string_view stage : stages) out.stages.push_back(*parse_stage(stage));
  return out;
}

// A change of this number moves sidecars between the halves of a rollout under way, and between replicas of two
// releases.
TEST(Cohort, ThePlaceOfASidecarNeverChanges) {
  NodeKey key = node("web-1");
  EXPECT_EQ(Cohort::place(key), Cohort::place(node("web-1")));
  key.instance = "0a0b";
  EXPECT_EQ(Cohort::place(key), Cohort::place(node("web-1"))) << "a restart makes another instance";
  EXPECT_NE(Cohort::place(node("web-1")), Cohort::place(node("web-2")));
}

TEST(Cohort, IsMonotoneAndHasItsShare) {
  RolloutSpec stages = spec({"1%", "10%", "50%", "100%"});
  std::vector<size_t> in(4);
  for (int i = 0; i < 20'000; ++i) {
    NodeKey key = node(str_cat("node-", std::to_string(i)));
    bool before = false;
    for (size_t stage = 0; stage < 4; ++stage) {
      bool now = Cohort(stages, stage, 0).contains(key);
      EXPECT_TRUE(now || !before) << key.node << " left at stage " << stage;
      before = now;
      in[stage] += now ? 1 : 0;
    }
  }
  EXPECT_NEAR(static_cast<double>(in[0]), 200, 60);
  EXPECT_NEAR(static_cast<double>(in[1]), 2000, 200);
  EXPECT_NEAR(static_cast<double>(in[2]), 10'000, 400);
  EXPECT_EQ(in[3], 20'000U);
}

TEST(Cohort, LabelsAddToTheSharesBefore) {
  RolloutSpec stages = spec({"node=web-1", "namespace=shop+serviceaccount=cart", "100%"});
  NodeKey other_account = node("x", "spiffe://cluster.local/ns/shop/sa/pay");

  EXPECT_TRUE(Cohort(stages, 0, 0).contains(node("web-1", "spiffe://cluster.local/ns/a/sa/b")));
  EXPECT_FALSE(Cohort(stages, 0, 0).contains(node("web-2")));
  EXPECT_TRUE(Cohort(stages, 1, 0).contains(node("web-2")));
  EXPECT_TRUE(Cohort(stages, 1, 0).contains(node("web-1", "spiffe://cluster.local/ns/a/sa/b")));
  EXPECT_FALSE(Cohort(stages, 1, 0).contains(other_account));
}

TEST(Cohort, AFloorLetsSomebodyIn) {
  RolloutSpec stages = spec({"0.01%", "100%"});
  NodeKey key = node("web-1");

  EXPECT_FALSE(Cohort(stages, 0, Cohort::place(key)).contains(key));
  EXPECT_TRUE(Cohort(stages, 0, Cohort::place(key) + 1).contains(key));
}

TEST(Cohort, NobodyIsInNone) { EXPECT_FALSE(Cohort().contains(node("web-1"))); }
}  // namespace
}  // namespace heddle
