#include "proxy/resilience/health_tracker.h"

namespace heddle {
std::optional<Transition> HealthTracker::record(CheckVerdict verdict) noexcept {
  bool agrees = (verdict == CheckVerdict::kPassed) == is_up_;
  if (agrees) {
    streak_ = 0;
    return std::nullopt;
  }
  ++streak_;
  if (streak_ < (is_up_ ? thresholds_.unhealthy : thresholds_.healthy)) return std::nullopt;
  streak_ = 0;
  is_up_ = !is_up_;
  return is_up_ ? Transition::kCameUp : Transition::kWentDown;
}
}  // namespace heddle
