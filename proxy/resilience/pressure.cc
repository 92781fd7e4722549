#include "proxy/resilience/pressure.h"

#include <algorithm>

namespace heddle {
namespace {
constexpr size_t kTightPercent = 92;
constexpr size_t kFullPercent = 95;
constexpr size_t kMarginPercent = 2;
}  // namespace

std::string_view to_text(Pressure pressure) noexcept {
  constexpr std::string_view kNames[] = {"none", "tight", "full"};
  return kNames[static_cast<size_t>(pressure)];
}

Pressure MemoryPressure::level_for(size_t used, size_t margin) const noexcept {
  size_t percent = limit_ / 100;
  if (used >= percent * (kFullPercent - margin)) return Pressure::kFull;
  return used >= percent * (kTightPercent - margin) ? Pressure::kTight : Pressure::kNone;
}

// Up where the border is; down only where the level would not be entered from the margin either.
Pressure MemoryPressure::judge(size_t used) noexcept {
  Pressure up = level_for(used, 0);
  Pressure held = std::min(level_, level_for(used, kMarginPercent));
  return level_ = std::max(up, held);
}

Pressure LoopLag::judge(Duration late) noexcept {
  late_turns_ = late >= kLate ? late_turns_ + 1 : 0;
  if (late_turns_ >= kTurns) is_shedding_ = true;
  if (late <= kOnTime) is_shedding_ = false;
  return is_shedding_ ? Pressure::kFull : Pressure::kNone;
}
}  // namespace heddle
