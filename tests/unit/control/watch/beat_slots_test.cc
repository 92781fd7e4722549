#include "control/watch/beat_slots.h"

#include <gtest/gtest.h>

#include <iterator>
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

// Ids count from 1; `numbers` are the members.
class BeatRingTest : public testing::Test {
 protected:
  BeatRingTest() {
    for (uint64_t id = 1; id <= numbers_.size(); ++id) {
      numbers_[id - 1] = id;
      ring_.add(id, numbers_[id - 1]);
    }
  }
  std::vector<uint64_t> due(BeatSlots::Due due) const {
    std::vector<uint64_t> out;
    ring_.for_each(due, [&out](uint64_t id) { out.push_back(id); });
    return out;
  }
  std::array<uint64_t, 120> numbers_{};
  BeatRing<uint64_t> ring_;
};

TEST_F(BeatRingTest, FindsThoseWhoAreDueAlsoAroundTheEnd) {
  EXPECT_EQ(due({49, 2}), (std::vector<uint64_t>{50, 100, 1, 51, 101}));
  EXPECT_EQ(due({3, 0}), std::vector<uint64_t>{});
  EXPECT_EQ(due({7, BeatSlots::kSlots}).size(), numbers_.size());
}

TEST_F(BeatRingTest, AgreesWithTheSlots) {
  BeatSlots::Due some{40, 25};

  std::vector<uint64_t> found = due(some);

  std::sort(found.begin(), found.end());
  std::vector<uint64_t> expected;
  std::copy_if(numbers_.begin(), numbers_.end(), std::back_inserter(expected),
               [some](uint64_t id) { return some.contains(id); });
  EXPECT_EQ(found, expected);
}

TEST_F(BeatRingTest, WhoIsRemovedIsNotDue) {
  ring_.remove(51, numbers_[50]);

  EXPECT_EQ(due({0, 1}), (std::vector<uint64_t>{1, 101}));
}

TEST(BeatPause, LastsOneStepFromWhenItWasWanted) {
  BeatPause pause;
  EXPECT_FALSE(pause.take());
  pause.want();
  pause.want();

  EXPECT_TRUE(pause.take());
  EXPECT_FALSE(pause.take());
}

TEST(BeatPause, EndsAlthoughItIsWantedForEver) {
  BeatPause pause;
  auto takes = [&pause] {
    pause.want();
    return pause.take();
  };
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < BeatPause::kMostSteps; ++i) EXPECT_TRUE(takes());
    EXPECT_FALSE(takes());
  }
}
}  // namespace
}  // namespace heddle
