#include "control/plan/rollout_spec.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
struct Read {
  RolloutSpec spec;
  Problems problems;
};
Read read(std::string_view json) {
  Read out;
  JsonObject object{JsonReader(*JsonValue::parse(json), "", out.problems)};
  out.spec = read_rollout_spec(object);
  object.finish();
  return out;
}

TEST(RolloutSpec, HasDefaultsForAllButStages) {
  Read got = read(R"({"stages":["1%","10%","100%"]})");

  EXPECT_TRUE(got.problems.empty()) << got.problems.text();
  ASSERT_EQ(got.spec.stages.size(), 3U);
  EXPECT_EQ(got.spec.stages[0].share, 100U);
  EXPECT_TRUE(got.spec.stages[2].is_whole());
  EXPECT_EQ(got.spec.watch, 30s);
  EXPECT_EQ(got.spec.max_error_increase, 100U);
  EXPECT_FALSE(got.spec.max_latency_increase.has_value());
}

TEST(RolloutSpec, ComesBackFromItsJson) {
  Read got = read(R"({"stages":["node=web-1","namespace=shop+serviceaccount=cart","0.25%","100%"],"watch":"1m30s",
                      "maxErrorRate":"+0.5%","maxRejectRate":"0%","maxLatency":"+150%","minRequests":7})");
  ASSERT_TRUE(got.problems.empty()) << got.problems.text();
  std::string json;
  JsonWriter out(json);
  out.begin_object();
  write_rollout_spec(out, got.spec);
  out.end_object();

  EXPECT_EQ(read(json).spec, got.spec);
  EXPECT_EQ(got.spec.stages[1].labels.size(), 2U);
  EXPECT_EQ(got.spec.max_latency_increase, 15'000U);
}

TEST(RolloutSpec, PercentagesAreExactAsText) {
  EXPECT_EQ(percent_text(100), "1%");
  EXPECT_EQ(percent_text(25), "0.25%");
  EXPECT_EQ(percent_text(150), "1.5%");
  EXPECT_EQ(percent_text(105), "1.05%");
  EXPECT_EQ(*parse_percent("1.05%", kFullShare), 105U);
  EXPECT_EQ(*parse_percent("100%", kFullShare), kFullShare);
}

class WrongSpec : public testing::TestWithParam<std::pair<std::string_view, std::string_view>> {};
TEST_P(WrongSpec, IsRefusedWithItsField) {
  Read got = read(GetParam().first);

  EXPECT_NE(got.problems.text().find(GetParam().second), std::string::npos) << got.problems.text();
}
INSTANTIATE_TEST_SUITE_P(All, WrongSpec,
                         testing::Values(std::pair(R"({})", "stages"), std::pair(R"({"stages":["100%"]})", "stages"),
                                         std::pair(R"({"stages":["1%","50%"]})", "the last one must be 100%"),
                                         std::pair(R"({"stages":["10%","10%","100%"]})", "a larger share"),
                                         std::pair(R"({"stages":["100%","node=a"]})", "stages"),
                                         std::pair(R"({"stages":["0%","100%"]})", "stages[0]"),
                                         std::pair(R"({"stages":["1.001%","100%"]})", "stages[0]"),
                                         std::pair(R"({"stages":["101%","100%"]})", "stages[0]"),
                                         std::pair(R"({"stages":["zone=a","100%"]})",
                                                   "node, namespace and serviceaccount"),
                                         std::pair(R"({"stages":["node=","100%"]})", "label=value"),
                                         std::pair(R"({"stages":["1%","100%"],"watch":"0s"})", "watch"),
                                         std::pair(R"({"stages":["1%","100%"],"maxErrorRate":"1"})", "maxErrorRate"),
                                         std::pair(R"({"stages":["1%","100%"],"minRequests":-1})", "minRequests"),
                                         std::pair(R"({"stages":["1%","100%"],"cohort":1})", "cohort")));
}  // namespace
}  // namespace heddle
