// Shedding: who is refused first when there is too much. Two causes: the adaptive limit of the application
// (concurrency_limit.h), of which each priority may fill a part, and the pressure on this worker (pressure.h). Pure.
//   kCritical  up to the most that is configured, under any pressure
//   kHigh      the whole limit        refused at Pressure::kFull
//   kDefault   90 % of it             refused at Pressure::kFull
//   kLow       half of it             refused at Pressure::kTight already
#pragma once
#include <cstdint>
#include <limits>

#include "lib/config/overload.h"
#include "proxy/resilience/pressure.h"

namespace heddle {
enum class ShedCause : uint8_t { kNone, kLimit, kPressure };
inline constexpr size_t kShedCauses = 3;
std::string_view to_text(ShedCause) noexcept;  // "admitted", "limit", "pressure": the label of metrics

struct ShedQuestion {
  RequestPriority priority = RequestPriority::kDefault;
  uint32_t percent = 100;  // share_percent() of it
  uint32_t in_flight = 0;
  uint32_t limit = std::numeric_limits<uint32_t>::max();
  uint32_t most = std::numeric_limits<uint32_t>::max();  // that the limit may ever be
  Pressure pressure = Pressure::kNone;
};

// So many may be in flight once it is in; at least one.
uint32_t room_of(const ShedQuestion&) noexcept;
ShedCause shed(const ShedQuestion&) noexcept;
}  // namespace heddle
