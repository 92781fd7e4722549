// Time as a parameter: MonoTime and WallTime are different types, Clock and Scheduler are handed to everything that
// waits, expires or jitters. Real implementations live in lib/event; tests use ManualScheduler (tests/support).
// A Scheduler belongs to one loop.
#pragma once
#include <chrono>
#include <compare>
#include <memory>

#include "lib/base/unique_function.h"

namespace heddle {
using Duration = std::chrono::nanoseconds;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""us;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""h;

namespace detail {
template <class Tag>
class Instant {
 public:
  constexpr Instant() = default;
  constexpr explicit Instant(Duration since_epoch) : since_(since_epoch) {}
  constexpr Duration since_epoch() const noexcept { return since_; }
  constexpr auto operator<=>(const Instant&) const = default;
  constexpr Instant operator+(Duration d) const { return Instant(since_ + d); }
  constexpr Instant operator-(Duration d) const { return Instant(since_ - d); }
  constexpr Duration operator-(Instant other) const { return since_ - other.since_; }

 private:
  Duration since_{};
};
}  // namespace detail

using MonoTime = detail::Instant<struct MonoTag>;  // since an unknown start; never goes back
using WallTime = detail::Instant<struct WallTag>;  // since 1970-01-01T00:00:00Z; may jump

class Clock {
 public:
  virtual ~Clock() = default;
  virtual MonoTime now() const = 0;
  virtual WallTime wall() const = 0;
};

// One shot. arm() again replaces the earlier deadline. A destroyed or cancelled timer never fires.
class Timer {
 public:
  virtual ~Timer() = default;
  virtual void arm(Duration) = 0;
  virtual void cancel() = 0;
};

class TimerWheel;

class Scheduler : public Clock {
 public:
  // For control traffic. The task runs on the scheduler's loop, never inside arm().
  [[nodiscard]] virtual std::unique_ptr<Timer> timer(Task) = 0;
  // For the request path: Deadline (lib/base/deadline.h) arms itself here.
  virtual TimerWheel& wheel() = 0;
};
}  // namespace heddle
