// Deadline and TimerWheel: the coarse timers of the request path. A Deadline is a member (or base) of what waits;
// arm() and cancel() are O(1) and allocate nothing; re-arming later only stores the new time, and the wheel looks
// again when the old slot comes up. Tick 10 ms: a deadline fires up to two ticks late, never early.
// A wheel belongs to one loop, which calls advance(); it never calls a clock.
#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "lib/base/clock.h"
#include "lib/base/intrusive_list.h"

namespace heddle {

class Deadline : private ListNode<Deadline> {
 public:
  Deadline() = default;
  void arm(Scheduler& scheduler, Duration after);
  void cancel() noexcept { at_tick_ = kNever; }  // stays linked; its slot drops it in passing
  bool is_armed() const noexcept { return at_tick_ != kNever; }

 protected:
  ~Deadline() = default;
  // Called once per arm(), from the loop. It may re-arm, cancel or destroy itself.
  virtual void on_deadline() = 0;

 private:
  friend class TimerWheel;
  friend class IntrusiveList<Deadline>;
  static constexpr uint64_t kNever = UINT64_MAX;
  uint64_t at_tick_ = kNever;    // when it is due
  uint64_t slot_tick_ = kNever;  // the tick its list will be looked at
};

// A Deadline that calls a member function of its owner: DeadlineOf<Session, &Session::on_idle> idle_{*this};
template <class Owner, void (Owner::*Method)()>
class DeadlineOf final : public Deadline {
 public:
  explicit DeadlineOf(Owner& owner) : owner_(owner) {}

 private:
  void on_deadline() override { (owner_.*Method)(); }
  Owner& owner_;
};

class TimerWheel {
 public:
  static constexpr Duration kTick = std::chrono::milliseconds(10);
  explicit TimerWheel(MonoTime start) : start_(start) {}
  void arm(Deadline&, MonoTime now, Duration after);
  // Fires everything due at `now`. Called from the loop, never from inside on_deadline().
  void advance(MonoTime now);
  // How long the loop may sleep: the time until the next occupied slot, nullopt when there is none. Never too long;
  // too short (a spurious wake-up) after cancel() or a later re-arm.
  std::optional<Duration> until_next(MonoTime now) const;

 private:
  // Two levels: 512 ticks (5.12 s) exact, 512 coarse slots of 512 ticks (43 min), the rest waits in the last slot.
  static constexpr uint64_t kSlots = 512;
  using List = IntrusiveList<Deadline>;
  uint64_t tick_of(MonoTime t) const { return static_cast<uint64_t>((t - start_) / kTick); }
  void place(Deadline&);
  struct Level {
    void add(uint64_t slot, Deadline&);
    bool take(uint64_t slot, List& out);  // false: the slot was empty
    std::array<List, kSlots> lists;
    std::array<uint64_t, kSlots / 64> occupied{};  // may say yes for a slot whose deadlines died
  };
  // Distance from `from` (exclusive) to the next occupied slot, going round; kSlots when there is none.
  static uint64_t distance_to_occupied(const Level&, uint64_t from);
  void fire(List& due);
  MonoTime start_;
  uint64_t current_ = 0;  // every tick <= current_ has been fired
  Level fine_;
  Level coarse_;
};
}  // namespace heddle
