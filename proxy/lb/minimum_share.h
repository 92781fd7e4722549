// The minimum healthy share of a backend set: with fewer healthy endpoints than this percentage a priority level gets
// nothing, the zone of the sidecar is left, and a set of which no level has enough is not used at all: requests go to
// the other backend sets of their rule, or fail at once. What is left of a set that is mostly down would drown in the
// requests of all. The opposite of panic (level_loads.h), which takes the checks to be wrong; never both. Pure.
#pragma once
#include <span>

#include "proxy/lb/level_loads.h"
#include "proxy/lb/load_balancer.h"

namespace heddle {
// Healthy: what may be picked. Present: what panic would use, too; not those of weight 0, not those that leave.
LevelHealths count_levels(std::span<const LbCandidate>) noexcept;

struct SetHealth {
  LevelHealth all;         // of all levels together
  bool is_usable = false;  // one level has somebody healthy, and enough of them
};
SetHealth set_health(const LevelHealths&, uint32_t min_healthy) noexcept;

// Panic takes whom checks call bad, never who leaves. Whom we reach proves its identity as ever.
bool may_panic_with(const LbCandidate&) noexcept;
}  // namespace heddle
