#include "proxy/lb/candidate_list.h"

#include <algorithm>

namespace heddle {
namespace {
constexpr int kDraws = 4;
}

bool was_tried(std::span<const uint32_t> tried, uint32_t index) noexcept {
  return std::find(tried.begin(), tried.end(), index) != tried.end();
}

void CandidateList::update(std::vector<LbCandidate> candidates) {
  candidates_ = std::move(candidates);
  usable_.reserve(candidates_.size());
  weight_sums_.reserve(candidates_.size());
  seen_epoch_ = 0;
}

bool CandidateList::refresh() noexcept {
  uint64_t epoch = epoch_.value();
  if (epoch == seen_epoch_) return false;
  seen_epoch_ = epoch;
  usable_.clear();
  weight_sums_.clear();
  uint64_t sum = 0;
  for (uint32_t i = 0; i < candidates_.size(); ++i) {
    if (candidates_[i].weight == 0 || !candidates_[i].usable()) continue;
    sum += candidates_[i].weight;
    usable_.push_back(i);
    weight_sums_.push_back(sum);
  }
  return true;
}

uint32_t CandidateList::random(Random& chance) const {
  uint64_t draw = chance.below(weight_sums_.back());
  auto at = std::upper_bound(weight_sums_.begin(), weight_sums_.end(), draw);
  return usable_[static_cast<size_t>(at - weight_sums_.begin())];
}

std::optional<uint32_t> CandidateList::another(uint32_t first, std::span<const uint32_t> tried, Random& chance) const {
  for (int i = 0; i < kDraws && usable_.size() > 1; ++i) {
    uint32_t index = random(chance);
    if (index != first && !was_tried(tried, index)) return index;
  }
  return std::nullopt;
}

std::optional<uint32_t> CandidateList::any_untried(std::span<const uint32_t> tried, Random& chance) const {
  size_t start = chance.below(usable_.size());
  for (size_t i = 0; i < usable_.size(); ++i) {
    uint32_t index = usable_[(start + i) % usable_.size()];
    if (!was_tried(tried, index)) return index;
  }
  return std::nullopt;
}
}  // namespace heddle
