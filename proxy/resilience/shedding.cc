#include "proxy/resilience/shedding.h"

#include <algorithm>

namespace heddle {
namespace {
bool is_too_much(RequestPriority priority, Pressure pressure) noexcept {
  if (priority == RequestPriority::kCritical) return false;
  return pressure == Pressure::kFull || (pressure == Pressure::kTight && priority == RequestPriority::kLow);
}
}  // namespace

std::string_view to_text(ShedCause cause) noexcept {
  constexpr std::string_view kNames[kShedCauses] = {"admitted", "limit", "pressure"};
  return kNames[static_cast<size_t>(cause)];
}

uint32_t room_of(const ShedQuestion& asked) noexcept {
  if (asked.priority == RequestPriority::kCritical) return asked.most;
  uint64_t part = uint64_t{asked.limit} * asked.percent / 100;
  return static_cast<uint32_t>(std::max<uint64_t>(part, 1));
}

ShedCause shed(const ShedQuestion& asked) noexcept {
  if (is_too_much(asked.priority, asked.pressure)) return ShedCause::kPressure;
  return asked.in_flight < room_of(asked) ? ShedCause::kNone : ShedCause::kLimit;
}
}  // namespace heddle
