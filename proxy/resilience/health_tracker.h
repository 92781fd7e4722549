// HealthTracker: turns single check results into "up" and "down" by thresholds, so that one lost probe moves nothing.
// A pure value; one per checked endpoint, on the main loop.
#pragma once
#include <cstdint>
#include <optional>

namespace heddle {
enum class CheckVerdict : uint8_t { kPassed, kFailed };
enum class Transition : uint8_t { kWentDown, kCameUp };

struct HealthThresholds {
  uint32_t unhealthy = 3;  // failures in a row until an endpoint is down; 0 counts as 1
  uint32_t healthy = 2;    // passes in a row until it is up again; 0 counts as 1
};

class HealthTracker {
 public:
  // An endpoint is up until its checks say otherwise: a proxy that just started serves at once.
  explicit HealthTracker(HealthThresholds thresholds) : thresholds_(thresholds) {}
  std::optional<Transition> record(CheckVerdict) noexcept;
  bool is_up() const noexcept { return is_up_; }
  // New thresholds judge the next result; what was counted stays.
  void set_thresholds(HealthThresholds thresholds) noexcept { thresholds_ = thresholds; }

 private:
  HealthThresholds thresholds_;
  bool is_up_ = true;
  uint32_t streak_ = 0;  // results in a row against the present state
};
}  // namespace heddle
