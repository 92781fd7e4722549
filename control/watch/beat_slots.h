// BeatSlots: what happens to every subscriber once a period, spread over the period: ten thousand heartbeats in one
// turn of the loop would hold up everything else for a tenth of a second. A subscriber has the slot of its id. What was
// late is made up for, so that the period holds on a busy loop, too. Pure: time is a parameter.
#pragma once
#include <algorithm>
#include <cstdint>

#include "lib/base/clock.h"

namespace heddle {
class BeatSlots {
 public:
  static constexpr uint64_t kSlots = 50;
  BeatSlots(Duration period, MonoTime start) : step_(period / kSlots), start_(start) {}
  Duration step() const noexcept { return step_; }

  // A range of slots that begins anywhere and goes round.
  struct Due {
    uint64_t first = 0;
    uint64_t count = 0;
    bool contains(uint64_t id) const noexcept { return ((id + kSlots - 1) % kSlots + kSlots - first) % kSlots < count; }
    bool has_first_slot() const noexcept { return contains(1); }
  };
  // What became due since the last call; each slot at most once.
  Due take(MonoTime now) {
    uint64_t until = now <= start_ ? 0 : static_cast<uint64_t>((now - start_) / step_);
    uint64_t count = std::min(until - std::min(done_, until), kSlots);
    Due due{(until - count + 1) % kSlots, count};
    done_ = std::max(done_, until);
    return due;
  }

 private:
  Duration step_;
  MonoTime start_;
  uint64_t done_ = 0;  // steps since the start
};
}  // namespace heddle
