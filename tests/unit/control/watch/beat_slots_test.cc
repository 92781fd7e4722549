#include "control/watch/beat_slots.h"

#include <gtest/gtest.h>

#include <map>

namespace heddle {
namespace {
class BeatSlotsTest : public testing::Test {
 protected:
  void take() {
    BeatSlots::Due due = slots_.take(now_);
    for (uint64_t id = 1; id <= 200; ++id) beats_[id] += due.contains(id) ? 1 : 0;
  }
  MonoTime now_;
  BeatSlots slots_{5s, now_};
  std::map<uint64_t, int> beats_;
};

TEST_F(BeatSlotsTest, EverybodyHasOneBeatAPeriod) {
  for (int i = 0; i < 50; ++i) {
    now_ = now_ + 100ms;
    take();
  }

  for (const auto& [id, beats] : beats_) EXPECT_EQ(beats, 1) << id;
}

TEST_F(BeatSlotsTest, TheFirstHasItAtTheEndOfThePeriod) {
  now_ = now_ + 4900ms;
  take();
  EXPECT_EQ(beats_[1], 0);

  now_ = now_ + 100ms;
  take();

  EXPECT_EQ(beats_[1], 1);
  EXPECT_EQ(beats_[51], 1);
}

TEST_F(BeatSlotsTest, NothingIsDueTwiceInAStep) {
  now_ = now_ + 5s;
  take();
  now_ = now_ + 50ms;
  take();

  for (const auto& [id, beats] : beats_) EXPECT_EQ(beats, 1) << id;
}

TEST_F(BeatSlotsTest, WhatWasLateIsMadeUpFor) {
  for (int i = 0; i < 9; ++i) {
    now_ = now_ + 1010ms;
    take();
  }
  now_ = now_ + 910ms;  // two periods in all
  take();

  for (const auto& [id, beats] : beats_) EXPECT_EQ(beats, 2) << id;
}

TEST_F(BeatSlotsTest, AfterALongStallEverybodyHasOne) {
  now_ = now_ + 1min;
  take();

  for (const auto& [id, beats] : beats_) EXPECT_EQ(beats, 1) << id;
}
}  // namespace
}  // namespace heddle
