#include "lib/base/deadline.h"

#include <algorithm>

namespace heddle {

void Deadline::arm(Scheduler& scheduler, Duration after) { scheduler.wheel().arm(*this, scheduler.now(), after); }

void TimerWheel::Level::add(uint64_t slot, Deadline& deadline) {
  lists[slot].push_back(deadline);
  occupied[slot / 64] |= uint64_t{1} << (slot % 64);
}

bool TimerWheel::Level::take(uint64_t slot, List& out) {
  uint64_t bit = uint64_t{1} << (slot % 64);
  if ((occupied[slot / 64] & bit) == 0) return false;
  occupied[slot / 64] &= ~bit;
  out.splice(lists[slot]);
  return true;
}

void TimerWheel::arm(Deadline& deadline, MonoTime now, Duration after) {
  // Round up, so that nothing fires early; at least the next tick.
  uint64_t due = tick_of(now + std::max(after, Duration{}) + kTick - Duration{1});
  deadline.at_tick_ = std::max(due, current_ + 1);
  if (deadline.is_linked()) {
    if (deadline.slot_tick_ <= deadline.at_tick_) return;  // its slot comes up first and looks again
    deadline.unlink();
  }
  place(deadline);
}

void TimerWheel::place(Deadline& deadline) {
  uint64_t due = deadline.at_tick_;
  if (due - current_ < kSlots) {
    deadline.slot_tick_ = due;
    fine_.add(due % kSlots, deadline);
    return;
  }
  uint64_t coarse = std::min(due / kSlots, current_ / kSlots + kSlots - 1);
  deadline.slot_tick_ = coarse * kSlots;
  coarse_.add(coarse % kSlots, deadline);
}

void TimerWheel::advance(MonoTime now) {
  for (uint64_t target = tick_of(now); current_ < target;) {
    ++current_;
    List due;
    if (current_ % kSlots == 0) coarse_.take(current_ / kSlots % kSlots, due);
    fine_.take(current_ % kSlots, due);
    if (!due.empty()) fire(due);
  }
}

void TimerWheel::fire(List& due) {
  while (Deadline* deadline = due.pop_front()) {
    if (deadline->at_tick_ == Deadline::kNever) continue;
    if (deadline->at_tick_ > current_) {
      place(*deadline);
      continue;
    }
    deadline->at_tick_ = Deadline::kNever;
    deadline->on_deadline();
  }
}

uint64_t TimerWheel::distance_to_occupied(const Level& level, uint64_t from) {
  for (uint64_t step = 1; step <= kSlots; ++step) {
    uint64_t slot = (from + step) % kSlots;
    if (slot % 64 == 0 && level.occupied[slot / 64] == 0 && step + 63 <= kSlots) {
      step += 63;
      continue;
    }
    if ((level.occupied[slot / 64] >> (slot % 64) & 1) != 0) return step;
  }
  return kSlots;
}

std::optional<Duration> TimerWheel::until_next(MonoTime now) const {
  uint64_t fine = distance_to_occupied(fine_, current_ % kSlots);
  uint64_t coarse = distance_to_occupied(coarse_, current_ / kSlots % kSlots);
  if (fine >= kSlots && coarse >= kSlots) return std::nullopt;
  uint64_t next = fine < kSlots ? current_ + fine : UINT64_MAX;
  if (coarse < kSlots) next = std::min(next, (current_ / kSlots + coarse) * kSlots);
  MonoTime at = start_ + kTick * static_cast<int64_t>(next);
  return std::max(at - now, Duration{});
}
}  // namespace heddle
