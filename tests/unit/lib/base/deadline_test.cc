#include "lib/base/deadline.h"

#include <gtest/gtest.h>

#include <memory>

#include "lib/base/random.h"
#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
constexpr Duration kTick = TimerWheel::kTick;
const MonoTime kStart{Duration(1234567)};

class Alarm final : public Deadline {
 public:
  UniqueFunction<void()> then;
  int fired = 0;

 private:
  void on_deadline() override {
    ++fired;
    if (then) then();
  }
};

// A wheel whose loop sleeps exactly as long as until_next() says.
class TimerWheelTest : public testing::Test {
 protected:
  void arm(Alarm& alarm, Duration after) { wheel_.arm(alarm, now_, after); }
  void advance_to(MonoTime time) {
    now_ = time;
    wheel_.advance(now_);
  }
  void advance(Duration by) { advance_to(now_ + by); }
  // Runs like a loop until the alarm fired, and says when that was.
  MonoTime run_until_fired(const Alarm& alarm) {
    while (alarm.fired == 0) {
      auto sleep = wheel_.until_next(now_);
      if (!sleep) break;
      advance(*sleep);
    }
    return now_;
  }

  MonoTime now_ = kStart;
  TimerWheel wheel_{kStart};
};

TEST_F(TimerWheelTest, FiresNeverEarlyAndAtMostTwoTicksLate) {
  SeededRandom random(7);
  for (int i = 0; i < 2000; ++i) {
    Alarm alarm;
    Duration after{static_cast<int64_t>(random.below(20'000'000'000))};
    MonoTime due = now_ + after;
    arm(alarm, after);

    MonoTime fired = run_until_fired(alarm);

    ASSERT_EQ(alarm.fired, 1) << after.count();
    ASSERT_GE(fired, due) << after.count();
    ASSERT_LE(fired - due, 2 * kTick) << after.count();
    advance(Duration{static_cast<int64_t>(random.below(30'000'000))});
  }
}

TEST_F(TimerWheelTest, FiresOnceAndIsNotArmedAfterwards) {
  Alarm alarm;
  arm(alarm, 50ms);
  EXPECT_TRUE(alarm.is_armed());

  advance(70ms);
  advance(10s);

  EXPECT_EQ(alarm.fired, 1);
  EXPECT_FALSE(alarm.is_armed());
}

TEST_F(TimerWheelTest, FiresADelayOfNothingOrLessWithTheNextTick) {
  Alarm zero;
  Alarm negative;
  arm(zero, 0s);
  arm(negative, -1s);
  EXPECT_EQ(zero.fired + negative.fired, 0);

  advance(2 * kTick);

  EXPECT_EQ(zero.fired, 1);
  EXPECT_EQ(negative.fired, 1);
}

TEST_F(TimerWheelTest, FiresInTheOrderOfTheTicks) {
  std::string order;
  Alarm a;
  Alarm b;
  Alarm c;
  a.then = [&] { order += "a"; };
  b.then = [&] { order += "b"; };
  c.then = [&] { order += "c"; };
  arm(c, 7s);
  arm(b, 300ms);
  arm(a, 20ms);

  advance(8s);

  EXPECT_EQ(order, "abc");
}

TEST_F(TimerWheelTest, ALaterTimeReplacesTheEarlierOne) {
  Alarm alarm;
  arm(alarm, 50ms);
  arm(alarm, 500ms);

  advance(490ms);
  EXPECT_EQ(alarm.fired, 0);
  advance(30ms);

  EXPECT_EQ(alarm.fired, 1);
}

TEST_F(TimerWheelTest, AnEarlierTimeReplacesTheLaterOne) {
  Alarm alarm;
  arm(alarm, 60s);
  arm(alarm, 50ms);

  advance(70ms);
  EXPECT_EQ(alarm.fired, 1);
  advance(70s);

  EXPECT_EQ(alarm.fired, 1);
}

TEST_F(TimerWheelTest, CanBePushedBackForEver) {
  Alarm alarm;
  for (int i = 0; i < 10'000; ++i) {
    arm(alarm, 100ms);
    advance(70ms);
  }
  EXPECT_EQ(alarm.fired, 0);

  advance(50ms);

  EXPECT_EQ(alarm.fired, 1);
}

TEST_F(TimerWheelTest, ACancelledDeadlineNeverFires) {
  Alarm alarm;
  arm(alarm, 50ms);

  alarm.cancel();
  advance(1min);

  EXPECT_FALSE(alarm.is_armed());
  EXPECT_EQ(alarm.fired, 0);
  EXPECT_EQ(wheel_.until_next(now_), std::nullopt) << "its slot was not cleared in passing";
}

TEST_F(TimerWheelTest, CanBeArmedAgainAfterCancel) {
  Alarm alarm;
  arm(alarm, 50ms);
  alarm.cancel();
  arm(alarm, 200ms);

  advance(190ms);
  EXPECT_EQ(alarm.fired, 0);
  advance(30ms);

  EXPECT_EQ(alarm.fired, 1);
}

TEST_F(TimerWheelTest, ADeadlineMayDieWhileArmed) {
  auto alarm = std::make_unique<Alarm>();
  Alarm neighbour;
  arm(*alarm, 50ms);
  arm(neighbour, 50ms);

  alarm.reset();
  advance(70ms);

  EXPECT_EQ(neighbour.fired, 1);
}

TEST_F(TimerWheelTest, ADeadlineMayDestroyItself) {
  auto alarm = std::make_unique<Alarm>();
  int fired = 0;
  alarm->then = [&] {
    ++fired;
    Task keep_alive = std::move(alarm->then);
    alarm.reset();
  };
  arm(*alarm, 50ms);

  advance(70ms);

  EXPECT_EQ(fired, 1);
  EXPECT_EQ(alarm, nullptr);
}

TEST_F(TimerWheelTest, ADeadlineMayDestroyItsNeighbourOfTheSameTick) {
  Alarm first;
  auto second = std::make_unique<Alarm>();
  first.then = [&] { second.reset(); };
  arm(first, 50ms);
  arm(*second, 50ms);

  advance(70ms);

  EXPECT_EQ(first.fired, 1);
  EXPECT_EQ(second, nullptr);
}

TEST_F(TimerWheelTest, ADeadlineMayCancelOrDelayItsNeighboursOfTheSameTick) {
  Alarm first;
  Alarm cancelled;
  Alarm delayed;
  first.then = [&] {
    cancelled.cancel();
    arm(delayed, 100ms);
  };
  arm(first, 50ms);
  arm(cancelled, 50ms);
  arm(delayed, 50ms);

  advance(70ms);
  EXPECT_EQ(cancelled.fired + delayed.fired, 0);
  advance(120ms);

  EXPECT_EQ(cancelled.fired, 0);
  EXPECT_EQ(delayed.fired, 1);
}

TEST_F(TimerWheelTest, ADeadlineMayArmItselfAgain) {
  Alarm alarm;
  alarm.then = [&] { arm(alarm, 100ms); };
  arm(alarm, 100ms);

  for (int i = 0; i < 100; ++i) advance(10ms);

  EXPECT_GE(alarm.fired, 8);
  EXPECT_LE(alarm.fired, 10);
  alarm.cancel();
}

TEST_F(TimerWheelTest, KeepsDelaysBeyondBothLevels) {
  Alarm alarm;
  MonoTime due = now_ + 10h;
  arm(alarm, 10h);

  MonoTime fired = run_until_fired(alarm);

  EXPECT_EQ(alarm.fired, 1);
  EXPECT_GE(fired, due);
  EXPECT_LE(fired - due, 2 * kTick);
}

TEST_F(TimerWheelTest, FiresEverythingAfterALongStop) {
  Alarm soon;
  Alarm late;
  arm(soon, 30ms);
  arm(late, 50min);

  advance(2h);

  EXPECT_EQ(soon.fired, 1);
  EXPECT_EQ(late.fired, 1);
}

TEST_F(TimerWheelTest, NothingArmedMeansNothingToWaitFor) {
  EXPECT_EQ(wheel_.until_next(now_), std::nullopt);
  Alarm alarm;
  arm(alarm, 50ms);
  advance(1s);

  EXPECT_EQ(wheel_.until_next(now_), std::nullopt);
}

TEST_F(TimerWheelTest, NeverSleepsPastADeadline) {
  Alarm alarm;
  arm(alarm, 3s);

  auto sleep = wheel_.until_next(now_);

  ASSERT_TRUE(sleep);
  EXPECT_GE(*sleep, 3s);
  EXPECT_LE(*sleep, 3s + 2 * kTick);
  EXPECT_EQ(*wheel_.until_next(now_ + 1h), 0s);
}

class Owner {
 public:
  void on_idle() { ++idle; }
  int idle = 0;
  DeadlineOf<Owner, &Owner::on_idle> deadline{*this};
};

TEST_F(TimerWheelTest, DeadlineOfCallsItsOwner) {
  Owner owner;
  wheel_.arm(owner.deadline, now_, 10ms);

  advance(40ms);

  EXPECT_EQ(owner.idle, 1);
}
}  // namespace
}  // namespace heddle
