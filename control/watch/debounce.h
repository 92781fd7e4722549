// Debounce: when what happened is acted upon: once nothing more came for `quiet`, at the latest `longest` after the
// first of it. So commits that come in a row are one push, and a stream of them that never ends is pushed all the same.
// Pure: time is a parameter; its owner arms a timer for what on_event() answers.
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
  };
  explicit Debounce(Limits limits) : limits_(limits) {}
  // How long to wait from now on; what was answered before no longer counts.
  Duration on_event(MonoTime now) {
    if (!first_) first_ = now;
    return std::max(std::min(limits_.quiet, *first_ + limits_.longest - now), Duration(0));
  }
  // All that happened until now is acted upon.
  void on_acted() noexcept { first_.reset(); }

 private:
  Limits limits_;
  std::optional<MonoTime> first_;
};
}  // namespace heddle
