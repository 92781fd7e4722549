#include "proxy/lb/level_loads.h"

#include <algorithm>

namespace heddle {
namespace {
double healthy_part(const LevelHealth& level) noexcept {
  return level.present == 0 ? 0 : static_cast<double>(level.healthy) / static_cast<double>(level.present);
}
// Of all traffic, 1 at most.
double capacity(const LevelHealth& level) noexcept { return std::min(1.0, healthy_part(level) * kOverprovisioning); }

bool has_several(const LevelHealths& levels) noexcept {
  return std::count_if(levels.begin(), levels.end(), [](const LevelHealth& level) { return level.present != 0; }) > 1;
}
}  // namespace

bool is_below(const LevelHealth& level, uint32_t percent) noexcept {
  return level.healthy * 100 < level.present * percent;
}

std::array<LevelLoad, kLevels> level_loads(LevelHealths levels, uint32_t panic_below, uint32_t min_healthy) noexcept {
  for (LevelHealth& level : levels) {
    if (is_below(level, min_healthy)) level.healthy = 0;
  }
  std::array<LevelLoad, kLevels> out;
  double together = 0;
  for (const LevelHealth& level : levels) together += capacity(level);
  bool may_panic = panic_below != 0 && (together < 1 || !has_several(levels));
  double left = 1;
  for (size_t i = 0; i < kLevels; ++i) {
    out[i].is_panicking = may_panic && is_below(levels[i], panic_below);
    if (together <= 0) continue;
    out[i].part = std::min(left, capacity(levels[i]) / std::min(together, 1.0));
    left = std::max(0.0, left - out[i].part);
  }
  if (together > 0) return out;
  // nobody is healthy: the first level whose endpoints are used nevertheless has everything
  auto first = std::find_if(out.begin(), out.end(), [](const LevelLoad& load) { return load.is_panicking; });
  if (first != out.end()) first->part = 1;
  return out;
}
}  // namespace heddle
