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
  if (slow_start_.is_on()) slow_start_.update(candidates_, candidates);
  candidates_ = std::move(candidates);
  usable_.reserve(candidates_.size());
  is_usable_.assign(candidates_.size(), 0);
  shares_.assign(candidates_.size(), 0);
  share_sums_.reserve(candidates_.size());
  seen_epoch_ = 0;
}

void CandidateList::look(MonoTime now) noexcept {
  for (size_t i = 0; i < candidates_.size(); ++i) {
    is_usable_[i] = candidates_[i].weight != 0 && candidates_[i].health->usable();
    shares_[i] = candidates_[i].weight;
  }
  if (slow_start_.is_on()) {
    slow_start_.look(is_usable_, now);
    for (size_t i = 0; i < candidates_.size(); ++i) shares_[i] *= slow_start_.part_of(i);
    auto step = slow_start_.next_step();
    look_again_ = step ? now + *step : kNever;
  }
  usable_.clear();
  share_sums_.clear();
  double sum = 0;
  for (uint32_t i = 0; i < candidates_.size(); ++i) {
    if (is_usable_[i] == 0) continue;
    sum += shares_[i];
    usable_.push_back(i);
    share_sums_.push_back(sum);
  }
}

uint32_t CandidateList::random(Random& chance) const {
  double draw = chance.unit() * share_sums_.back();
  auto at = std::upper_bound(share_sums_.begin(), share_sums_.end() - 1, draw);  // the last one takes what is rounded
  return usable_[static_cast<size_t>(at - share_sums_.begin())];
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
