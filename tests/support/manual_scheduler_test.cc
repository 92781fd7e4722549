#include "tests/support/manual_scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace heddle {
namespace {
using testing::ElementsAre;

TEST(ManualScheduler, FiresTimersInTheOrderOfTimeThenOfArming) {
  ManualScheduler scheduler;
  std::vector<int> log;
  auto late = scheduler.timer([&] { log.push_back(3); });
  auto second = scheduler.timer([&] { log.push_back(2); });
  auto first = scheduler.timer([&] { log.push_back(1); });
  late->arm(20ms);
  first->arm(10ms);
  second->arm(10ms);

  scheduler.advance(20ms);

  EXPECT_THAT(log, ElementsAre(1, 2, 3));
}

TEST(ManualScheduler, FiresNothingEarly) {
  ManualScheduler scheduler;
  bool fired = false;
  auto timer = scheduler.timer([&] { fired = true; });
  timer->arm(10ms);

  scheduler.advance(9ms);

  EXPECT_FALSE(fired);
}

TEST(ManualScheduler, MovesBothClocks) {
  ManualScheduler scheduler;
  MonoTime mono = scheduler.now();
  WallTime wall = scheduler.wall();

  scheduler.advance(1s);

  EXPECT_EQ(scheduler.now() - mono, 1s);
  EXPECT_EQ(scheduler.wall() - wall, 1s);
}

TEST(ManualScheduler, DrivesTheWheelToo) {
  struct Alarm final : Deadline {
    bool fired = false;
    void on_deadline() override { fired = true; }
  };
  ManualScheduler scheduler;
  Alarm alarm;
  alarm.arm(scheduler, 1h);

  EXPECT_TRUE(scheduler.advance_until_idle());

  EXPECT_TRUE(alarm.fired);
  EXPECT_FALSE(scheduler.next_deadline().has_value());
}

TEST(ManualScheduler, ATimerThatArmsItselfForEverIsNotIdle) {
  ManualScheduler scheduler;
  std::unique_ptr<Timer> timer;
  int fired = 0;
  timer = scheduler.timer([&] {
    ++fired;
    timer->arm(1s);
  });
  timer->arm(1s);

  EXPECT_FALSE(scheduler.advance_until_idle(10s));

  EXPECT_EQ(fired, 10);
}
}  // namespace
}  // namespace heddle
