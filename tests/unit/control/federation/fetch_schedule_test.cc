#include "control/federation/fetch_schedule.h"

#include <gtest/gtest.h>

#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
constexpr MonoTime kNow{1000s};

TEST(FetchSchedule, AsksAtOnceThenWhenTheBundleSays) {
  SeededRandom random;
  FetchSchedule schedule(random, kNow);

  EXPECT_TRUE(schedule.is_due(kNow));
  schedule.succeeded(kNow, 600s);

  EXPECT_FALSE(schedule.is_due(kNow + 539s));
  EXPECT_TRUE(schedule.is_due(kNow + 600s));
}

TEST(FetchSchedule, WaitsLongerAfterEachFailureUpToFiveMinutes) {
  SeededRandom random;
  FetchSchedule schedule(random, kNow);

  for (Duration step : {5s, 10s, 20s, 40s, 80s, 160s, 300s, 300s}) {
    schedule.failed(kNow);
    EXPECT_GE(schedule.next() - kNow, step * 4 / 5);
    EXPECT_LE(schedule.next() - kNow, step * 6 / 5);
  }
}

TEST(FetchSchedule, SuccessEndsTheWaiting) {
  SeededRandom random;
  FetchSchedule schedule(random, kNow);
  for (int i = 0; i < 5; ++i) schedule.failed(kNow);

  schedule.succeeded(kNow, 60s);
  schedule.failed(kNow);

  EXPECT_LE(schedule.next() - kNow, 6s);
}
}  // namespace
}  // namespace heddle
