// BeatSlots: what happens to every subscriber once a period, spread over the period: ten thousand heartbeats in one
// turn of the loop would hold up everything else for a tenth of a second. A subscriber has the slot of its id. What was
// late is made up for, so that the period holds on a busy loop, too. BeatRing finds who is due without a look at the
// others. Pure: time is a parameter.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "lib/base/clock.h"

namespace heddle {
class BeatSlots {
 public:
  static constexpr uint64_t kSlots = 50;
  BeatSlots(Duration period, MonoTime start) : step_(period / kSlots), start_(start) {}
  Duration step() const noexcept { return step_; }
  static uint64_t slot_of(uint64_t id) noexcept { return (id + kSlots - 1) % kSlots; }

  // A range of slots that begins anywhere and goes round.
  struct Due {
    uint64_t first = 0;
    uint64_t count = 0;
    bool contains(uint64_t id) const noexcept { return (slot_of(id) + kSlots - first) % kSlots < count; }
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

// Heartbeats that would come between the lines of a change wait until those are out; for so many steps at most, so that
// changes without end make nobody silent: 0.5 s of a period of 5 s, of which three may be missed.
class BeatPause {
 public:
  static constexpr int kMostSteps = 5;
  // The lines take another turn of the loop.
  void want() noexcept { is_wanted_ = true; }
  // At each step: whether what is due waits for the next one.
  bool take() noexcept {
    bool waits = std::exchange(is_wanted_, false) && steps_ < kMostSteps;
    steps_ = waits ? steps_ + 1 : 0;
    return waits;
  }

 private:
  bool is_wanted_ = false;
  int steps_ = 0;
};

template <class Member>
class BeatRing {
 public:
  void add(uint64_t id, Member& member) { of(id).push_back(&member); }
  void remove(uint64_t id, Member& member) { std::erase(of(id), &member); }
  // f(Member&), which must not add or remove.
  template <class F>
  void for_each(BeatSlots::Due due, F&& f) const {
    for (uint64_t i = 0; i < due.count; ++i) {
      for (Member* member : slots_[(due.first + i) % BeatSlots::kSlots]) f(*member);
    }
  }

 private:
  std::vector<Member*>& of(uint64_t id) { return slots_[BeatSlots::slot_of(id)]; }
  std::array<std::vector<Member*>, BeatSlots::kSlots> slots_;
};
}  // namespace heddle
