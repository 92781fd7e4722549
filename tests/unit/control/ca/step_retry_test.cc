#include "control/ca/step_retry.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
using Step = RotationStep;

class StepRetryTest : public testing::Test {
 protected:
  // How long a step that fails now has to wait, asked every second.
  Duration wait_after_failure() {
    retry_.on_failed(Step::kPrepare, state_, now_);
    MonoTime failed_at = now_;
    for (int i = 0; i < 1000 && !may_try(); ++i) now_ = now_ + 1s;
    return now_ - failed_at;
  }
  bool may_try(Step step = Step::kPrepare) const { return retry_.may_try(step, state_, now_); }

  CaState state_;
  MonoTime now_{1h};
  StepRetry retry_;
};

TEST_F(StepRetryTest, WhatNeverFailedIsTriedNow) { EXPECT_TRUE(may_try()); }

TEST_F(StepRetryTest, WaitsTwiceAsLongEachTimeUpToFiveMinutes) {
  std::vector<Duration> waits;
  waits.reserve(11);
  for (int i = 0; i < 11; ++i) waits.push_back(wait_after_failure());

  EXPECT_EQ(waits, (std::vector<Duration>{1s, 2s, 4s, 8s, 16s, 32s, 64s, 128s, 256s, 300s, 300s}));
}

TEST_F(StepRetryTest, AnotherStepOrAnotherPhaseIsTriedAtOnce) {
  wait_after_failure();
  retry_.on_failed(Step::kPrepare, state_, now_);
  ASSERT_FALSE(may_try());

  EXPECT_TRUE(may_try(Step::kAbort));
  state_.since = state_.since + 1s;
  EXPECT_TRUE(may_try());
  EXPECT_EQ(wait_after_failure(), 1s) << "from the start again";
}

TEST_F(StepRetryTest, BeginsAgainWhenSomethingWasDone) {
  for (int i = 0; i < 5; ++i) wait_after_failure();
  retry_.on_failed(Step::kPrepare, state_, now_);

  retry_.reset();

  EXPECT_TRUE(may_try());
  EXPECT_EQ(wait_after_failure(), 1s);
}
}  // namespace
}  // namespace heddle
