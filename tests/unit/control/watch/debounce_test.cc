#include "control/watch/debounce.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
class DebounceTest : public testing::Test {
 protected:
  MonoTime now_;
  Debounce debounce_{{100ms, 10s}};
};

TEST_F(DebounceTest, OneEventWaitsForQuiet) { EXPECT_EQ(debounce_.on_event(now_), 100ms); }

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

TEST_F(DebounceTest, WhatComesTooLateIsDueNow) {
  debounce_.on_event(now_);
  now_ = now_ + 1min;

  EXPECT_EQ(debounce_.on_event(now_), 0ms);
}
}  // namespace
}  // namespace heddle
