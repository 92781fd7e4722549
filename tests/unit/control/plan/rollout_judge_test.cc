#include "control/plan/rollout_judge.h"

#include <gtest/gtest.h>

#include "control/plan/rollout_samples.h"

namespace heddle {
namespace {
TrafficCounts counts(uint64_t requests, uint64_t errors = 0, uint64_t rejects = 0, uint64_t mean_us = 1000) {
  TrafficCounts out;
  out.requests = out.timed = requests;
  out.errors = errors;
  out.rejects = rejects;
  out.latency_us = requests * mean_us;
  return out;
}

struct Case {
  std::string_view name;
  RolloutEvidence seen;
  RolloutVerdict verdict;
  std::string_view why;
};
RolloutEvidence outbound(Duration watched, TrafficCounts fresh, TrafficCounts rest, TrafficCounts before = {}) {
  return {{fresh, {}}, {rest, {}}, {before, {}}, watched};
}
RolloutSpec spec() {
  RolloutSpec out;
  out.max_latency_increase = 2000;
  return out;
}
void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

class RolloutVerdicts : public testing::TestWithParam<Case> {};
TEST_P(RolloutVerdicts, AreSaid) {
  RolloutJudgement got = judge(spec(), GetParam().seen);

  EXPECT_EQ(static_cast<int>(got.verdict), static_cast<int>(GetParam().verdict)) << got.why;
  EXPECT_NE(got.why.find(GetParam().why), std::string::npos) << got.why;
}
using enum RolloutVerdict;
INSTANTIATE_TEST_SUITE_P(
    All, RolloutVerdicts,
    testing::Values(
        Case{"early and good", outbound(10s, counts(1000), counts(1000)), kContinue, "watched for 10s of 30s"},
        Case{"good", outbound(30s, counts(1000, 5), counts(1000, 2)), kPromote, "no worse than allowed"},
        Case{"all fail", outbound(1s, counts(100, 100), counts(1000)), kRollBack, "outbound error rate is 100.00%"},
        Case{"within chance, early", outbound(10s, counts(100, 2), counts(1000)), kContinue, "watched"},
        Case{"the same at the end", outbound(30s, counts(100, 2), counts(1000)), kRollBack, "2.00% with the change"},
        Case{"both fail alike", outbound(30s, counts(1000, 500), counts(1000, 495)), kPromote, ""},
        Case{"rejects", outbound(5s, counts(1000, 0, 200), counts(1000)), kRollBack, "share of rejects is 20.00%"},
        Case{"slower", outbound(30s, counts(1000, 0, 0, 1300), counts(1000)), kRollBack, "mean latency is 1.30 ms"},
        Case{"a little slower", outbound(30s, counts(1000, 0, 0, 1190), counts(1000)), kPromote, ""},
        Case{"too few", outbound(30s, counts(99, 99), counts(1000)), kContinue, "only 99 of 100 requests"},
        Case{"too few for long", outbound(300s, counts(3), counts(1000)), kStuck, "heddle rollout promote"},
        Case{"nobody else: before", outbound(30s, counts(1000, 100), counts(3), counts(1000, 95)), kPromote, ""},
        Case{"nobody else, worse", outbound(30s, counts(1000, 100), {}, counts(1000)), kRollBack, "0.00% before"},
        Case{"nothing to compare", outbound(30s, counts(1000, 100), {}), kRollBack, "nothing to compare with"},
        // The end without the change fails as often: it is the same requests.
        Case{"one end", {{counts(1000, 1000), {}}, {counts(1000), counts(1000, 1000)}, {}, 1s}, kRollBack, "outbound"},
        Case{"inbound",
             {{counts(1000), counts(1000, 300)}, {counts(1000), counts(1000)}, {}, 9s},
             kRollBack,
             "inbound error rate is 30.00%"}));

TEST(RolloutJudge, WithoutAMinimumTheWatchIsEnough) {
  RolloutSpec idle = spec();
  idle.min_requests = 0;

  EXPECT_EQ(judge(idle, outbound(30s, {}, {})).verdict, RolloutVerdict::kPromote);
  EXPECT_EQ(judge(idle, outbound(29s, {}, {})).verdict, RolloutVerdict::kContinue);
}

TEST(RolloutJudge, LatencyIsJudgedOnlyWhenItIsAskedFor) {
  EXPECT_EQ(judge(RolloutSpec{}, outbound(30s, counts(1000, 0, 0, 9000), counts(1000))).verdict, kPromote);
}

WatchReport report(uint64_t requests, uint64_t errors) { return {to_counters({counts(requests, errors), {}}), 0s}; }
const NodeKey kFresh{"id", "a"};
const NodeKey kOld{"id", "b"};

TEST(RolloutSamples, CountFromTheFirstReportOfTheStage) {
  RolloutSamples samples;
  samples.note(kFresh, report(500, 0), CohortSide::kFresh);  // said before the stage
  samples.note(kFresh, report(510, 1), CohortSide::kFresh);  // the first in it
  samples.note(kFresh, report(610, 11), CohortSide::kFresh);
  samples.note(kFresh, report(610, 11), CohortSide::kFresh);  // the same is looked at again
  samples.note(kOld, report(0, 0), CohortSide::kRest);
  samples.note(kOld, report(1, 0), CohortSide::kRest);
  samples.note(kOld, report(41, 0), CohortSide::kRest);

  RolloutEvidence seen = samples.evidence(7s);
  EXPECT_EQ(seen.fresh.outbound.requests, 100U);
  EXPECT_EQ(seen.fresh.outbound.errors, 10U);
  EXPECT_EQ(seen.before.outbound.requests, 510U);
  EXPECT_EQ(seen.rest.outbound.requests, 40U);
  EXPECT_EQ(seen.watched, 7s);
}

TEST(RolloutSamples, WhoForgetsItsCountersGoesOnFromThere) {
  RolloutSamples samples;
  for (uint64_t requests : {1, 2, 102, 5, 15}) samples.note(kFresh, report(requests, 0), CohortSide::kFresh);

  EXPECT_EQ(samples.evidence(0s).fresh.outbound.requests, 110U);
}

TEST(RolloutSamples, WhoReportsNoTrafficIsNoEvidence) {
  RolloutSamples samples;
  samples.note(kFresh, WatchReport{{{"other", 5}}, 0s}, CohortSide::kFresh);

  EXPECT_EQ(samples.evidence(0s).fresh, SidecarTraffic{});
}
}  // namespace
}  // namespace heddle
