#include "lib/base/work_limit.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
class WorkLimitTest : public testing::Test {
 protected:
  static size_t begin_all(WorkLimit& work, MonoTime now) {
    size_t begun = 0;
    for (; work.has_room(now); ++begun) work.begin(now);
    return begun;
  }
  MonoTime now_;
};

TEST_F(WorkLimitTest, SoMuchIsUnderWayAtOnce) {
  WorkLimit work({3, 0}, now_);

  EXPECT_EQ(begin_all(work, now_), 3U);
  EXPECT_EQ(work.under_way(), 3U);
}

TEST_F(WorkLimitTest, WhatEndsMakesRoom) {
  WorkLimit work({3, 0}, now_);
  begin_all(work, now_);

  work.end();

  EXPECT_EQ(begin_all(work, now_), 1U);
}

TEST_F(WorkLimitTest, WithoutARateTimeAloneMakesNoRoom) {
  WorkLimit work({3, 0}, now_);
  begin_all(work, now_);

  EXPECT_FALSE(work.has_room(now_ + 1h));
  EXPECT_FALSE(work.until_room(now_));
}

TEST_F(WorkLimitTest, TheRateLetsMoreInWhateverIsUnderWay) {
  WorkLimit work({100, 10}, now_);
  begin_all(work, now_);
  size_t later = 0;

  for (int i = 0; i < 100; ++i) {
    now_ = now_ + 100ms;
    later += begin_all(work, now_);
  }

  EXPECT_GE(later, 99U);
  EXPECT_LE(later, 101U);
}

TEST_F(WorkLimitTest, WhatBeganInTimeCountsForTheRate) {
  WorkLimit work({1, 10}, now_);
  for (int i = 0; i < 10; ++i) {
    work.begin(now_);
    work.end();
  }
  work.begin(now_);

  EXPECT_FALSE(work.has_room(now_));
}

TEST_F(WorkLimitTest, SaysHowLongUntilThereIsRoom) {
  WorkLimit work({1, 10}, now_);
  EXPECT_EQ(work.until_room(now_), Duration(0));
  begin_all(work, now_);

  std::optional<Duration> wait = work.until_room(now_);

  ASSERT_TRUE(wait);
  EXPECT_FALSE(work.has_room(now_ + *wait - 1ms));
  EXPECT_TRUE(work.has_room(now_ + *wait));
}
}  // namespace
}  // namespace heddle
