#include "control/watch/debounce.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
class DebounceTest : public testing::Test {
 protected:
  MonoTime now_;
  Debounce debounce_{{100ms, 10s, 10ms}};
};

TEST_F(DebounceTest, EachEventBeginsTheQuietAnew) {
  debounce_.on_event(now_);
  now_ = now_ + 60ms;

  EXPECT_EQ(debounce_.on_event(now_), 100ms);
}

TEST_F(DebounceTest, AStreamOfEventsWaitsNoLongerThanTheLongest) {
  for (; now_ < MonoTime() + 9950ms; now_ = now_ + 50ms) debounce_.on_event(now_);

  EXPECT_EQ(debounce_.on_event(now_), 50ms);
  now_ = now_ + 50ms;
  EXPECT_EQ(debounce_.on_event(now_), 0ms);
}

TEST_F(DebounceTest, TheLongestCountsFromTheFirstThatWasNotActedUpon) {
  debounce_.on_event(now_);
  now_ = now_ + 9s;
  debounce_.on_acted();

  debounce_.on_event(now_);
  now_ = now_ + 9s;

  EXPECT_EQ(debounce_.on_event(now_), 100ms);
}

TEST_F(DebounceTest, WhatIsUrgentAndAloneHardlyWaits) { EXPECT_EQ(debounce_.on_event(now_, true), 10ms); }

TEST_F(DebounceTest, ASecondUrgentOneIsNotAlone) {
  debounce_.on_event(now_, true);

  EXPECT_EQ(debounce_.on_event(now_ + 5ms, true), 100ms);
}

TEST_F(DebounceTest, UrgentOnesInARowAreDebounced) {
  debounce_.on_event(now_, true);
  debounce_.on_acted();
  EXPECT_EQ(debounce_.on_event(now_ + 50ms, true), 100ms);
  debounce_.on_acted();

  EXPECT_FALSE(debounce_.is_alone(now_ + 149ms));
  EXPECT_EQ(debounce_.on_event(now_ + 150ms, true), 10ms);
}

TEST_F(DebounceTest, WhatIsNotUrgentWaitsThoughItIsAlone) { EXPECT_EQ(debounce_.on_event(now_), 100ms); }

TEST_F(DebounceTest, WhatComesTooLateIsDueNow) {
  debounce_.on_event(now_);
  now_ = now_ + 1min;

  EXPECT_EQ(debounce_.on_event(now_), 0ms);
}
}  // namespace
}  // namespace heddle
