// CandidateList: which candidates may be picked now. Looks at the health flags again only when the epoch has moved;
// memory is reserved in update(), so that looking again allocates nothing. A part of each balancer, on its loop.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "proxy/lb/load_balancer.h"

namespace heddle {
class CandidateList {
 public:
  explicit CandidateList(const HealthEpoch& epoch) : epoch_(epoch) {}
  void update(std::vector<LbCandidate> candidates);
  // True when usable() may have changed since the last call.
  bool refresh() noexcept;

  size_t size() const noexcept { return candidates_.size(); }
  const LbCandidate& at(uint32_t index) const noexcept { return candidates_[index]; }
  std::span<const LbCandidate> all() const noexcept { return candidates_; }
  // Whether it is one of usable(), as of the last refresh().
  bool is_usable(uint32_t index) const noexcept { return is_usable_[index]; }
  // Indexes, rising.
  std::span<const uint32_t> usable() const noexcept { return usable_; }
  // One of usable(), with a probability proportional to its weight; usable() must not be empty.
  uint32_t random(Random&) const;
  // The second choice beside `first`: drawn by weight, not tried; when a few draws found none, the next one at or after
  // a random place. Nothing: there is no other.
  std::optional<uint32_t> another(uint32_t first, std::span<const uint32_t> tried, Random&) const;
  // The first usable one at or after a random place that was not tried: the way out when chance or rotation only found
  // tried ones.
  std::optional<uint32_t> any_untried(std::span<const uint32_t> tried, Random&) const;
  // The first usable one at or after this place in usable() that was not tried.
  std::optional<uint32_t> untried_from(size_t place, std::span<const uint32_t> tried) const noexcept;
  // One drawn by weight, or nothing when all were tried; usable() must not be empty.
  std::optional<uint32_t> random_untried(std::span<const uint32_t> tried, Random&) const;

 private:
  const HealthEpoch& epoch_;
  std::vector<LbCandidate> candidates_;
  std::vector<uint32_t> usable_;
  std::vector<uint8_t> is_usable_;     // by candidate
  std::vector<uint64_t> weight_sums_;  // up to and including usable_[i]
  uint64_t seen_epoch_ = 0;            // 0: look again
};

bool was_tried(std::span<const uint32_t> tried, uint32_t index) noexcept;
}  // namespace heddle
