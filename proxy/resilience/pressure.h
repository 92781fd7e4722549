// Pressure: how near a worker is to its end, and what follows (reliability L12):
//   kTight  memory at 92 % of the limit: idle connections are closed, free memory goes back to the system
//   kFull   memory at 95 %, or a loop that is late turn after turn: besides, nobody is accepted and new requests are
//           answered with 503 `overload`; what is in flight goes on.
// MemoryPressure and LoopLag are the judges; pure, each with a margin, so that nothing flaps at a border.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "lib/base/clock.h"

namespace heddle {
enum class Pressure : uint8_t { kNone, kTight, kFull };
std::string_view to_text(Pressure) noexcept;  // "none", "tight", "full"

// Of the process. A level is left two per cent of the limit below where it was entered.
class MemoryPressure {
 public:
  explicit MemoryPressure(size_t limit) : limit_(limit) {}
  Pressure judge(size_t used) noexcept;
  Pressure level() const noexcept { return level_; }
  size_t limit() const noexcept { return limit_; }

 private:
  Pressure level_for(size_t used, size_t margin) const noexcept;
  size_t limit_;
  Pressure level_ = Pressure::kNone;
};

// Of one loop, which looks every kEvery: how late the look comes is how long what becomes ready now will wait. One long
// turn is no overload (a snapshot is applied); kTurns of them in a row are.
class LoopLag {
 public:
  static constexpr Duration kEvery = std::chrono::milliseconds(500);
  static constexpr Duration kLate = std::chrono::milliseconds(500);
  static constexpr Duration kOnTime = std::chrono::milliseconds(100);
  static constexpr int kTurns = 3;
  // The level after a look that was so late.
  Pressure judge(Duration late) noexcept;

 private:
  int late_turns_ = 0;
  bool is_shedding_ = false;
};
}  // namespace heddle
