// Which part of the traffic each priority level of a backend set gets. Level 0 has all of it while enough of its
// endpoints are healthy: a level can take 1.4 times the share of them that is (overprovisioning, as Envoy has it), so
// that up to 28 % may be missing before anything goes elsewhere. What a level cannot take goes to the next one; when
// all together cannot take everything, each gets in proportion to what it can. Pure.
//
// Panic: fewer healthy endpoints than the threshold more likely mean that the checks are wrong than that all the others
// are, and those that are left would drown. A level below its threshold then uses all its endpoints. Of several levels,
// none panics while all together can take everything.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

namespace heddle {
inline constexpr size_t kLevels = 16;
inline constexpr double kOverprovisioning = 1.4;

struct LevelHealth {
  size_t healthy = 0;
  size_t present = 0;  // that panic would use, healthy ones included; endpoints of weight 0 do not count
};

// Fewer than this percentage are healthy; never where nobody is present.
bool is_below(const LevelHealth&, uint32_t percent) noexcept;

struct LevelLoad {
  double part = 0;  // of the traffic; all parts together are 1, or 0 when nobody is there
  bool is_panicking = false;
};

// By level. `panic_below` and `min_healthy` in percent, one of them at most; 0: nobody panics, no level is left. A
// level with fewer healthy endpoints than `min_healthy` gets nothing (minimum_share.h).
using LevelHealths = std::array<LevelHealth, kLevels>;
std::array<LevelLoad, kLevels> level_loads(LevelHealths, uint32_t panic_below, uint32_t min_healthy = 0) noexcept;
}  // namespace heddle
