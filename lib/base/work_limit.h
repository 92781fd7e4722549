// WorkLimit: how much of one kind of work may be under way: `at_once` pieces; and, so that pieces nobody finishes do
// not hold up everybody else, `least_rate` of them may begin each second whatever is under way. Who is not let in waits
// or comes back; how many there are in all is not limited here. Pure: time is a parameter; one owner, no lock.
#pragma once
#include <algorithm>
#include <optional>

#include "lib/base/token_bucket.h"

namespace heddle {
class WorkLimit {
 public:
  struct Limits {
    size_t at_once = 64;
    double least_rate = 0;  // per second; 0: nothing begins beyond `at_once`
  };
  WorkLimit(Limits limits, MonoTime now)
      : limits_(limits), floor_(std::max(limits.least_rate, 1.0), std::max(limits.least_rate / 10, 1.0), now) {}

  bool has_room(MonoTime now) const {
    if (under_way_ < limits_.at_once) return true;
    return limits_.least_rate > 0 && floor_.until_next(now) == Duration(0);
  }
  // After has_room(). What begins below `at_once` counts for the rate, too: the rate is of all.
  void begin(MonoTime now) {
    static_cast<void>(floor_.take(now));
    ++under_way_;
  }
  void end() noexcept { --under_way_; }
  size_t under_way() const noexcept { return under_way_; }
  // How long until there is room although nothing ends; nothing: never.
  std::optional<Duration> until_room(MonoTime now) const {
    if (under_way_ < limits_.at_once) return Duration(0);
    if (limits_.least_rate <= 0) return std::nullopt;
    return floor_.until_next(now);
  }

 private:
  Limits limits_;
  TokenBucket floor_;
  size_t under_way_ = 0;
};
}  // namespace heddle
