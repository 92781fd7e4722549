#include "proxy/lb/zone_part.h"

#include <algorithm>

#include "proxy/lb/level_loads.h"

namespace heddle {
double zone_part(const ZoneState& zone) noexcept {
  if (zone.local_weight <= 0) return 0;
  if (zone.other_weight <= 0) return 1;
  if (zone.is_short) return 0;
  double proportional = zone.local_weight / (zone.local_weight + zone.other_weight);
  double by_health = std::min(1.0, zone.local_healthy_part * kOverprovisioning);
  double by_load = 1;
  if (double surplus = zone.in_flight - kZoneCalm * zone.local_weight; surplus > 0) {
    double per_weight = surplus / (kZoneFactor * zone.local_weight + zone.other_weight);  // in the other zones
    by_load = zone.local_weight * (kZoneCalm + kZoneFactor * per_weight) / zone.in_flight;
  }
  return std::clamp(std::min(by_health, by_load), proportional, 1.0);
}
}  // namespace heddle
