// Debounce: when what happened is acted upon: once nothing more came for `quiet`, at the latest `longest` after the
// first of it. So commits that come in a row are one push, and a stream of them that never ends is pushed all the same.
// What is urgent and comes alone, with nothing in the `quiet` before it, waits for `urgent` only; a second one is no
// longer alone. Pure: time is a parameter; its owner arms a timer for what on_event() answers.
#pragma once
#include <algorithm>
#include <optional>

#include "lib/base/clock.h"

namespace heddle {
class Debounce {
 public:
  struct Limits {
    Duration quiet = 100ms;
    Duration longest = 10s;
    Duration urgent = 10ms;
  };
  explicit Debounce(Limits limits) : limits_(limits) {}
  // Whether an event that came now would be alone.
  bool is_alone(MonoTime now) const { return !first_ && (!last_ || now - *last_ >= limits_.quiet); }
  // How long to wait from now on; what was answered before no longer counts.
  Duration on_event(MonoTime now, bool is_urgent = false) {
    Duration wait = is_urgent && is_alone(now) ? limits_.urgent : limits_.quiet;
    if (!first_) first_ = now;
    last_ = now;
    return std::max(std::min(wait, *first_ + limits_.longest - now), Duration(0));
  }
  // All that happened until now is acted upon.
  void on_acted() noexcept { first_.reset(); }

 private:
  Limits limits_;
  std::optional<MonoTime> first_;  // that was not acted upon yet
  std::optional<MonoTime> last_;   // of all
};
}  // namespace heddle
