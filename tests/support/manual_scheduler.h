// ManualScheduler: a Scheduler whose time stands still until a test moves it. Timers fire in (time, creation) order,
// deadlines of the wheel before the timers of the same instant. No loop, no real clock.
#pragma once
#include <algorithm>
#include <optional>
#include <vector>

#include "lib/base/deadline.h"

namespace heddle {
class ManualScheduler final : public Scheduler {
 public:
  ManualScheduler() = default;
  ManualScheduler(const ManualScheduler&) = delete;
  ManualScheduler& operator=(const ManualScheduler&) = delete;

  MonoTime now() const override { return now_; }
  WallTime wall() const override { return wall_; }
  TimerWheel& wheel() override { return wheel_; }
  [[nodiscard]] std::unique_ptr<Timer> timer(Task task) override {
    return std::make_unique<ManualTimer>(*this, std::move(task));
  }

  // Moves both clocks forward, stopping at everything that is due on the way.
  void advance(Duration by) {
    MonoTime target = now_ + by;
    while (std::optional<MonoTime> next = next_deadline()) {
      if (*next > target) break;
      step_to(*next);
    }
    step_to(target);
  }
  // Jumps from deadline to deadline until nothing is armed, at most `limit` in total. False: the limit was reached.
  bool advance_until_idle(Duration limit = std::chrono::hours(24)) {
    MonoTime end = now_ + limit;
    while (std::optional<MonoTime> next = next_deadline()) {
      if (*next > end) return false;
      step_to(*next);
    }
    return true;
  }
  // When the next timer fires or the wheel wants to be looked at (that may be before a deadline, never after).
  std::optional<MonoTime> next_deadline() const {
    std::optional<MonoTime> next;
    if (std::optional<Duration> wait = wheel_.until_next(now_)) next = now_ + *wait;
    for (const ManualTimer* timer : timers_) {
      if (timer->at && (!next || *timer->at < *next)) next = timer->at;
    }
    return next;
  }
  // Moves the wall clock alone, as an administrator or NTP would.
  void set_wall(WallTime wall) { wall_ = wall; }

 private:
  struct ManualTimer final : Timer {
    ManualTimer(ManualScheduler& o, Task t) : owner(o), task(std::move(t)) { owner.timers_.push_back(this); }
    ~ManualTimer() override { std::erase(owner.timers_, this); }
    void arm(Duration after) override {
      at = owner.now_ + std::max(after, Duration{});
      order = ++owner.armed_;
    }
    void cancel() override { at.reset(); }
    ManualScheduler& owner;
    Task task;
    std::optional<MonoTime> at;
    uint64_t order = 0;
  };

  void step_to(MonoTime time) {
    if (time > now_) {
      wall_ = wall_ + (time - now_);
      now_ = time;
    }
    wheel_.advance(now_);
    uint64_t armed_before = armed_;  // what a task arms for "now" waits for the next step
    while (ManualTimer* timer = first_due(armed_before)) fire(*timer);
  }
  ManualTimer* first_due(uint64_t up_to) {
    ManualTimer* first = nullptr;
    for (ManualTimer* timer : timers_) {
      if (!timer->at || *timer->at > now_ || timer->order > up_to) continue;
      if (first == nullptr || std::pair(*timer->at, timer->order) < std::pair(*first->at, first->order)) first = timer;
    }
    return first;
  }
  void fire(ManualTimer& timer) {
    timer.at.reset();
    Task task = std::move(timer.task);  // the task may destroy its timer
    task();
    if (std::find(timers_.begin(), timers_.end(), &timer) != timers_.end()) timer.task = std::move(task);
  }

  MonoTime now_{std::chrono::hours(1)};
  WallTime wall_{std::chrono::hours(24 * 365 * 56)};
  TimerWheel wheel_{now_};
  std::vector<ManualTimer*> timers_;
  uint64_t armed_ = 0;
};
}  // namespace heddle
