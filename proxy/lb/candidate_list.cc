#include "proxy/lb/candidate_list.h"

#include <algorithm>

namespace heddle {
namespace {
constexpr int kDraws = 4;  // until the tried ones are simply skipped
}

bool was_tried(std::span<const uint32_t> tried, uint32_t index) noexcept {
  return std::find(tried.begin(), tried.end(), index) != tried.end();
}

void CandidateList::update(std::vector<LbCandidate> candidates) {
  candidates_ = std::move(candidates);
  usable_.reserve(candidates_.size());
  is_usable_.assign(candidates_.size(), 0);
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
    is_usable_[i] = candidates_[i].weight != 0 && candidates_[i].health->usable();
    if (is_usable_[i] == 0) continue;
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
  // rarely among many, often beside one that has nearly all the weight
  size_t place = usable_.size() > 1 ? chance.below(usable_.size()) : 0;
  for (size_t i = 0; i < usable_.size(); ++i) {
    uint32_t index = usable_[(place + i) % usable_.size()];
    if (index != first && !was_tried(tried, index)) return index;
  }
  return std::nullopt;
}

std::optional<uint32_t> CandidateList::any_untried(std::span<const uint32_t> tried, Random& chance) const {
  return untried_from(chance.below(usable_.size()), tried);
}

std::optional<uint32_t> CandidateList::untried_from(size_t place, std::span<const uint32_t> tried) const noexcept {
  for (size_t i = 0; i < usable_.size(); ++i) {
    uint32_t index = usable_[(place + i) % usable_.size()];
    if (!was_tried(tried, index)) return index;
  }
  return std::nullopt;
}

std::optional<uint32_t> CandidateList::random_untried(std::span<const uint32_t> tried, Random& chance) const {
  for (int i = 0; i < kDraws; ++i) {
    uint32_t index = random(chance);
    if (!was_tried(tried, index)) return index;
  }
  return any_untried(tried, chance);
}
}  // namespace heddle
