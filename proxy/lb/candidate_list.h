// CandidateList: which candidates may be picked now, and what share each has: its weight, less while it warms up
// (SlowStart), by what its priority level gets (level_loads.h) and of that its zone (zone_part.h). Looks at the health
// flags again only when the epoch has moved, or time changes a share; memory is reserved in update(), so that looking
// again allocates nothing. A part of each balancer, on its loop.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "proxy/lb/level_loads.h"
#include "proxy/lb/load_balancer.h"
#include "proxy/lb/slow_start.h"
#include "proxy/lb/zone_part.h"

namespace heddle {
class CandidateList {
 public:
  explicit CandidateList(const LbInputs& inputs)
      : epoch_(inputs.epoch),
        slow_start_(inputs.shape.slow_start),
        panic_below_(inputs.shape.panic_below),
        min_healthy_(inputs.shape.min_healthy) {}
  void update(std::vector<LbCandidate> candidates);
  // True when usable() or a share may have changed since the last call.
  bool refresh(MonoTime now) noexcept {
    uint64_t epoch = epoch_.value();
    if (epoch == seen_epoch_ && now < look_again_) return false;
    seen_epoch_ = epoch;
    look(now);
    return true;
  }

  size_t size() const noexcept { return candidates_.size(); }
  const LbCandidate& at(uint32_t index) const noexcept { return candidates_[index]; }
  std::span<const LbCandidate> all() const noexcept { return candidates_; }
  // Whether it is one of usable(), as of the last refresh().
  bool is_usable(uint32_t index) const noexcept { return is_usable_[index]; }
  // In units of weight, more than 0; only of usable ones.
  double share(uint32_t index) const noexcept { return shares_[index]; }
  // Requests in flight per share: 0 when idle.
  double load_of(uint32_t index) const noexcept { return at(index).health->in_flight() / shares_[index]; }
  // Indexes, rising.
  std::span<const uint32_t> usable() const noexcept { return usable_; }
  // One of usable(), with a probability proportional to its share; usable() must not be empty.
  uint32_t random(Random&) const;
  // The second choice beside `first`: drawn by share, not tried; when a few draws found none, one of the next few at or
  // after a random place. Of the same level and zone: between those only their parts decide.
  std::optional<uint32_t> another(uint32_t first, std::span<const uint32_t> tried, Random&) const;
  // The first usable one at or after a random place that was not tried: the way out when chance or rotation only found
  // tried ones.
  std::optional<uint32_t> any_untried(std::span<const uint32_t> tried, Random&) const;
  // The first usable one at or after this place in usable() that was not tried; else a healthy one of a level or a
  // zone that gets nothing now.
  std::optional<uint32_t> untried_from(size_t place, std::span<const uint32_t> tried) const noexcept;
  // The level that serves this hash; nothing: there is one only.
  std::optional<uint8_t> level_for(uint64_t hash) const noexcept;
  bool is_panicking() const noexcept { return is_panicking_; }
  // One drawn by share, or nothing when all were tried; usable() must not be empty.
  std::optional<uint32_t> random_untried(std::span<const uint32_t> tried, Random&) const;

 private:
  static constexpr MonoTime kNever{Duration::max()};
  static constexpr Duration kZoneEvery = 100ms;  // so often load is looked at, where zones matter
  bool is_alike(uint32_t a, uint32_t b) const noexcept;
  void look(MonoTime now) noexcept;
  void look_at_levels() noexcept;
  LevelHealths level_healths() const noexcept;
  void leave_short_levels(const LevelHealths&) noexcept;
  void share_by_levels() noexcept;
  void share_by_zones() noexcept;
  std::array<ZoneState, kLevels> zone_states() const noexcept;
  void gather() noexcept;
  std::optional<uint32_t> untried_standby(std::span<const uint32_t> tried) const noexcept;

  const HealthEpoch& epoch_;
  SlowStart slow_start_;
  uint32_t panic_below_;
  uint32_t min_healthy_;
  bool has_levels_ = false;
  bool has_zones_ = false;  // some candidates are in our zone, others are not
  bool is_panicking_ = false;
  std::array<LevelLoad, kLevels> loads_{};
  std::vector<LbCandidate> candidates_;
  std::vector<uint32_t> usable_;
  std::vector<uint8_t> is_usable_;  // by candidate
  std::vector<uint32_t> standby_;   // healthy, of levels or zones that get nothing now
  std::vector<double> shares_;      // by candidate
  std::vector<double> share_sums_;  // up to and including usable_[i]
  uint64_t seen_epoch_ = 0;         // 0: look again
  MonoTime look_again_ = kNever;
};

bool was_tried(std::span<const uint32_t> tried, uint32_t index) noexcept;
}  // namespace heddle
