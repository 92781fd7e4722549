// Rotation: whose turn it is, smooth and weighted: an endpoint of weight 3 comes three times as often as one of weight
// 1, evenly spread (earliest deadline first: after each turn an endpoint is due 1/weight later). O(log n) per turn, no
// allocation. An endpoint that leaves and comes back keeps its place. A part of a balancer, on its loop.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "proxy/lb/candidate_list.h"

namespace heddle {
class Rotation {
 public:
  // After CandidateList::update(): everyone starts at a random place within its interval, so that workers differ.
  void restart(const CandidateList&, Random&);
  // After CandidateList::refresh() said that usable() changed.
  void rebuild(const CandidateList&) noexcept;
  // The next in turn; the turn is used up. The rotation must not be empty.
  uint32_t next(const CandidateList&) noexcept;
  // The next in turn that was not tried.
  std::optional<uint32_t> next_untried(const CandidateList&, std::span<const uint32_t> tried, Random&) noexcept;
  bool is_empty() const noexcept { return heap_.empty(); }

 private:
  bool is_later(uint32_t a, uint32_t b) const noexcept { return due_[a] != due_[b] ? due_[a] > due_[b] : a > b; }
  std::vector<double> due_;  // by candidate, in turns of weight 1
  std::vector<uint32_t> heap_;
  double now_ = 0;  // the deadline of the last turn
};
}  // namespace heddle
