#include "proxy/resilience/outlier_detector.h"

#include <gtest/gtest.h>

#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
OutlierSpec by_success_rate(uint32_t requests = 100, uint32_t endpoints = 5) {
  OutlierSpec spec;
  spec.success_rate = OutlierSuccessRate{requests, endpoints, 1.9};
  return spec;
}
OutlierSpec by_latency(double factor = 3, uint32_t requests = 10) {
  OutlierSpec spec;
  spec.latency = OutlierLatency{factor, requests};
  return spec;
}
OutlierCounts counts(uint64_t requests, uint64_t errors) { return {requests, errors, 0, {}}; }
OutlierCounts answers(uint64_t n, Duration mean) { return {n, 0, n, mean * static_cast<int64_t>(n)}; }

struct Judged {
  Outcome outcome;
  OutlierOutcome expected;
};
class OutlierOutcomes : public testing::TestWithParam<Judged> {};
TEST_P(OutlierOutcomes, AreJudgedByWhoseFaultTheyAre) {
  EXPECT_EQ(outlier_outcome(GetParam().outcome), GetParam().expected) << info(GetParam().outcome.reason).name;
}
INSTANTIATE_TEST_SUITE_P(
    OfTheEndpoint, OutlierOutcomes,
    testing::Values(Judged{{Reason::kNone, 200, 0, 0}, OutlierOutcome::kSuccess},
                    Judged{{Reason::kNone, 0, 0, 0}, OutlierOutcome::kSuccess},
                    Judged{{Reason::kNone, 499, 0, 0}, OutlierOutcome::kSuccess},
                    Judged{{Reason::kNone, 500, 0, 0}, OutlierOutcome::kError},
                    Judged{{Reason::kNone, 501, 0, 0}, OutlierOutcome::kError},
                    Judged{{Reason::kNone, 502, 0, 0}, OutlierOutcome::kGatewayError},
                    Judged{{Reason::kNone, 504, 0, 0}, OutlierOutcome::kGatewayError},
                    Judged{{Reason::kNone, 505, 0, 0}, OutlierOutcome::kError},
                    Judged{{Reason::kUpstreamReset, 200, 0, 0}, OutlierOutcome::kGatewayError},
                    Judged{{Reason::kUpstreamConnectRefused, 0, 0, 0}, OutlierOutcome::kGatewayError},
                    Judged{{Reason::kUpstreamRefusedStream, 0, 0, 0}, OutlierOutcome::kGatewayError},
                    Judged{{Reason::kRequestTimeout, 0, 0, 0}, OutlierOutcome::kGatewayError},
                    Judged{{Reason::kUpstreamProtocolError, 200, 0, 0}, OutlierOutcome::kError}));
INSTANTIATE_TEST_SUITE_P(OfOthers, OutlierOutcomes,
                         testing::Values(Judged{{Reason::kCancelled, 0, 0, 0}, OutlierOutcome::kNothing},
                                         Judged{{Reason::kCancelled, 500, 0, 0}, OutlierOutcome::kNothing},
                                         Judged{{Reason::kDownstreamReset, 0, 0, 0}, OutlierOutcome::kNothing},
                                         Judged{{Reason::kDownstreamClosed, 0, 0, 0}, OutlierOutcome::kNothing},
                                         Judged{{Reason::kPendingOverflow, 0, 0, 0}, OutlierOutcome::kNothing},
                                         Judged{{Reason::kPendingTimeout, 0, 0, 0}, OutlierOutcome::kNothing},
                                         Judged{{Reason::kRequestOverflow, 0, 0, 0}, OutlierOutcome::kNothing},
                                         Judged{{Reason::kUpstreamGoAway, 0, 0, 0}, OutlierOutcome::kNothing}));

TEST(OutlierDetector, FindsTheOneThatFailsMoreThanTheOthers) {
  std::vector<OutlierCounts> all = {counts(100, 1), counts(100, 0), counts(100, 40), counts(100, 1), counts(100, 2)};
  all.push_back(counts(100, 1));

  auto verdicts = judge_outliers(by_success_rate(), all);

  ASSERT_EQ(verdicts.size(), 1U);
  EXPECT_EQ(verdicts[0].index, 2U);
  EXPECT_EQ(verdicts[0].why.cause, EjectionCause::kSuccessRate);
  EXPECT_DOUBLE_EQ(verdicts[0].why.number, 0.6);
  EXPECT_GT(verdicts[0].why.bound, 0.6);
}

TEST(OutlierDetector, JudgesNobodyWhenAllFailAlike) {
  OutlierSpec strict = by_success_rate();
  strict.success_rate->stdev_factor = 0.1;
  for (uint64_t errors = 0; errors <= 100; ++errors) {
    std::vector<OutlierCounts> alike(10, counts(100, errors));
    EXPECT_TRUE(judge_outliers(strict, alike).empty()) << errors;
  }
}

TEST(OutlierDetector, JudgesNobodyByFewRequests) {
  std::vector<OutlierCounts> all(6, counts(99, 0));
  all[3] = counts(99, 99);

  EXPECT_TRUE(judge_outliers(by_success_rate(100), all).empty());
  EXPECT_EQ(judge_outliers(by_success_rate(99), all).size(), 1U);
}

TEST(OutlierDetector, JudgesNobodyAmongFewEndpoints) {
  std::vector<OutlierCounts> all(6, counts(100, 0));
  all[0] = counts(100, 100);
  all[5] = counts(10, 0);  // too few requests to be one of them

  EXPECT_TRUE(judge_outliers(by_success_rate(100, 6), all).empty());
  EXPECT_EQ(judge_outliers(by_success_rate(100, 5), all).size(), 1U);
}

// Nine that never failed make any deviation large: one error of a thousand is no reason.
TEST(OutlierDetector, TakesAFewErrorsForNothing) {
  std::vector<OutlierCounts> all(10, counts(1000, 0));
  all[7] = counts(1000, 4);

  EXPECT_TRUE(judge_outliers(by_success_rate(), all).empty());
  all[7] = counts(1000, 5);
  EXPECT_EQ(judge_outliers(by_success_rate(), all).size(), 1U);
}

TEST(OutlierDetector, FindsTheOneThatIsSlowerThanTheMedianAllows) {
  std::vector<OutlierCounts> all = {answers(10, 20ms), answers(10, 25ms), answers(10, 90ms), answers(10, 30ms)};

  auto verdicts = judge_outliers(by_latency(), all);

  ASSERT_EQ(verdicts.size(), 1U);
  EXPECT_EQ(verdicts[0].index, 2U);
  EXPECT_EQ(to_text(verdicts[0].why), "answers after 90 ms, expected 75 ms");
}

TEST(OutlierDetector, TakesWhatIsFasterThanAMillisecondForNoise) {
  std::vector<OutlierCounts> all = {answers(10, 50us), answers(10, 50us), answers(10, 2900us)};
  EXPECT_TRUE(judge_outliers(by_latency(), all).empty());

  all[2] = answers(10, 3100us);
  EXPECT_EQ(judge_outliers(by_latency(), all).size(), 1U);
}

TEST(OutlierDetector, KnowsOfTwoEndpointsNotWhichIsSlow) {
  std::vector<OutlierCounts> two = {answers(100, 1s), answers(100, 10ms)};

  EXPECT_TRUE(judge_outliers(by_latency(), two).empty());
}

TEST(OutlierDetector, NamesTheWorstFirstAndEachOnce) {
  OutlierSpec spec = by_success_rate(10, 3);
  spec.success_rate->stdev_factor = 0.1;
  spec.latency = OutlierLatency{2, 10};
  std::vector<OutlierCounts> all(8, OutlierCounts{100, 0, 100, 1s});
  all[2] = {100, 30, 100, 10s};
  all[5] = {100, 60, 100, 1s};
  all[6] = {100, 0, 100, 20s};

  auto verdicts = judge_outliers(spec, all);

  std::vector<size_t> order;
  for (const auto& verdict : verdicts) order.push_back(verdict.index);
  EXPECT_EQ(order, (std::vector<size_t>{5, 2, 6}));
}

TEST(OutlierDetector, LeavesAShareAndNeverTheLast) {
  EXPECT_EQ(most_ejected(0, 10), 0U);
  EXPECT_EQ(most_ejected(1, 100), 0U);
  EXPECT_EQ(most_ejected(2, 10), 1U);
  EXPECT_EQ(most_ejected(9, 10), 1U);
  EXPECT_EQ(most_ejected(20, 10), 2U);
  EXPECT_EQ(most_ejected(29, 10), 2U);
  EXPECT_EQ(most_ejected(3, 100), 2U);
  EXPECT_EQ(most_ejected(100'000, 33), 33'000U);
}

TEST(OutlierDetector, EjectsForLongerEachTimeUpToTheMaximum) {
  OutlierSpec spec;

  EXPECT_EQ(ejection_time(spec, 1, 0), Duration(30s));
  EXPECT_EQ(ejection_time(spec, 3, 0), Duration(90s));
  EXPECT_EQ(ejection_time(spec, 10, 0), Duration(300s));
  EXPECT_EQ(ejection_time(spec, 4'000'000'000U, 0), Duration(300s));
  EXPECT_EQ(ejection_time(spec, 1, 0.5), Duration(31500ms)) << "jitter only adds";
}

TEST(OutlierDetector, CountsNoFurtherThanTheLongestTime) {
  OutlierSpec spec;

  EXPECT_EQ(next_times(spec, 0), 1U);
  EXPECT_EQ(next_times(spec, 9), 10U);
  EXPECT_EQ(next_times(spec, 10), 10U);
}

// Whatever chance says: an endpoint that fails a third of its requests among others that fail 2 % is found within two
// intervals, and the healthy ones are hardly ever taken for it.
TEST(OutlierDetector, FindsTheSickAndSparesTheHealthyByChance) {
  SeededRandom random(11);
  auto draw = [&](double error_rate) {
    OutlierCounts out = counts(200, 0);
    for (int i = 0; i < 200; ++i) out.errors += random.unit() < error_rate ? 1 : 0;
    return out;
  };
  int found_late = 0;
  int healthy_named = 0;
  constexpr int kRuns = 500;
  for (int run = 0; run < kRuns; ++run) {
    std::vector<OutlierCounts> all;
    for (int i = 0; i < 10; ++i) all.push_back(draw(i == 4 ? 0.33 : 0.02));
    auto verdicts = judge_outliers(by_success_rate(), all);
    found_late += verdicts.empty() || verdicts[0].index != 4 ? 1 : 0;
    for (const auto& verdict : verdicts) healthy_named += verdict.index != 4 ? 1 : 0;
  }

  EXPECT_EQ(found_late, 0);
  EXPECT_EQ(healthy_named, 0) << "beside one that is really sick nobody else stands out";
}
}  // namespace
}  // namespace heddle
