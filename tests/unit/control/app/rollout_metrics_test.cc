#include "control/app/rollout_metrics.h"

#include <gmock/gmock.h>

#include <set>

#include "control/app/queue_metrics.h"
#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace {
using testing::HasSubstr;

class RolloutMetricsTest : public testing::Test {
 protected:
  Ledger::Done kept() {
    return [this](Result<void> result) { is_kept_ = result.has_value(); };
  }
  void start() {
    RolloutSpec spec;
    for (std::string_view text : {"1%", "10%", "100%"}) spec.stages.push_back(*parse_stage(text));
    keeper_.start(std::move(spec), {{PutOperation{service("a")}}, "me"}, kept());
  }

  TestStore store_;
  NodeRegistry nodes_;
  SoleLeader leader_;
  bool is_disk_full_ = false;
  bool is_kept_ = false;
  RolloutKeeper keeper_{{*store_.store, nodes_, store_.clock, leader_, [](const View&) -> Result<void> { return {}; },
                         [this](const std::string&, Ledger::Done done) -> Pending {
                           done(is_disk_full_ ? Result<void>(make_error(Reason::kIo, "full")) : Result<void>());
                           return nullptr;
                         },
                         [] {}, [](std::string_view, std::string_view, const Result<void>&) {}}};
  Registry registry_;
  RolloutMetrics metrics_{registry_, keeper_};
};

TEST_F(RolloutMetricsTest, WithoutARolloutThereIsNoPhase) {
  std::string shown = registry_.render();
  EXPECT_THAT(shown, HasSubstr("heddle_control_rollout_phase{phase=\"pending\"} 0\n"));
  EXPECT_THAT(shown, HasSubstr("heddle_control_rollout_phase{phase=\"rolled-back\"} 0\n"));
  EXPECT_THAT(shown, HasSubstr("heddle_control_rollout_stage 0\n"));
}

TEST_F(RolloutMetricsTest, TellsPhaseStageAndSince) {
  start();
  ASSERT_TRUE(is_kept_);
  keeper_.step(RolloutStep::kPromote, "me", kept());
  store_.clock.advance(20s);

  std::string shown = registry_.render();
  EXPECT_THAT(shown, HasSubstr("heddle_control_rollout_phase{phase=\"pending\"} 1\n"));
  EXPECT_THAT(shown, HasSubstr("heddle_control_rollout_stage 2\n"));
  EXPECT_THAT(shown, HasSubstr("heddle_control_rollout_phase_seconds 20\n"));
  keeper_.step(RolloutStep::kAbort, "me", kept());
  shown = registry_.render();
  EXPECT_THAT(shown, HasSubstr("heddle_control_rollout_phase{phase=\"aborted\"} 1\n"));
  EXPECT_THAT(shown, HasSubstr("heddle_control_rollout_stage 0\n"));
}

TEST_F(RolloutMetricsTest, CountsWhatCouldNotBeKept) {
  start();
  is_disk_full_ = true;
  keeper_.step(RolloutStep::kPause, "me", kept());
  EXPECT_FALSE(is_kept_);
  EXPECT_THAT(registry_.render(), HasSubstr("heddle_control_rollout_write_failures_total 1\n"));
  EXPECT_THAT(registry_.render(), HasSubstr("heddle_control_rollout_step_failing 0\n"));

  store_.clock.advance(2 * RolloutKeeper::kTake);  // nobody is in the stage: it shall pause
  EXPECT_THAT(registry_.render(), HasSubstr("heddle_control_rollout_step_failing 1\n"));
}

TEST(ControlMetricNames, AreUniqueAndTold) {
  std::set<std::string_view> names;
  for (auto families : {rollout_metric_families(), queue_metric_families()}) {
    for (const MetricFamily* family : families) {
      EXPECT_TRUE(names.insert(family->name).second) << family->name;
      EXPECT_FALSE(family->help.empty()) << family->name;
    }
  }
}
}  // namespace
}  // namespace heddle
