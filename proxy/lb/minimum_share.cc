#include "proxy/lb/minimum_share.h"

namespace heddle {
bool may_panic_with(const LbCandidate& candidate) noexcept {
  return candidate.weight != 0 && !candidate.health->flags().has(HealthFlag::kDraining);
}

LevelHealths count_levels(std::span<const LbCandidate> candidates) noexcept {
  LevelHealths out{};
  for (const LbCandidate& candidate : candidates) {
    LevelHealth& level = out[candidate.priority];
    bool is_healthy = candidate.weight != 0 && candidate.usable();
    level.healthy += is_healthy ? 1 : 0;
    level.present += is_healthy || may_panic_with(candidate) ? 1 : 0;
  }
  return out;
}

SetHealth set_health(const LevelHealths& levels, uint32_t min_healthy) noexcept {
  SetHealth out;
  for (const LevelHealth& level : levels) {
    out.all.healthy += level.healthy;
    out.all.present += level.present;
    out.is_usable = out.is_usable || (level.healthy != 0 && !is_below(level, min_healthy));
  }
  return out;
}
}  // namespace heddle
