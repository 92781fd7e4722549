#include "proxy/lb/candidate_list.h"

#include <algorithm>

#include "proxy/lb/stable_hash.h"

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
  has_levels_ =
      std::any_of(candidates_.begin(), candidates_.end(), [](const LbCandidate& c) { return c.priority != 0; });
  standby_.clear();
  if (has_levels_) standby_.reserve(candidates_.size());
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
  if (has_levels_ || panic_below_ != 0) look_at_levels();
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

// Panic takes whom checks call bad, never who leaves. Whom we reach proves its identity as ever.
bool CandidateList::may_panic_with(const LbCandidate& candidate) const noexcept {
  return candidate.weight != 0 && !candidate.health->flags().has(HealthFlag::kDraining);
}

LevelHealths CandidateList::level_healths() const noexcept {
  LevelHealths out{};
  for (size_t i = 0; i < candidates_.size(); ++i) {
    LevelHealth& level = out[candidates_[i].priority];
    level.healthy += is_usable_[i];
    level.present += is_usable_[i] != 0 || may_panic_with(candidates_[i]);
  }
  return out;
}

void CandidateList::look_at_levels() noexcept {
  loads_ = level_loads(level_healths(), panic_below_);
  is_panicking_ = false;
  for (size_t i = 0; i < candidates_.size(); ++i) {
    const LevelLoad& load = loads_[candidates_[i].priority];
    if (!load.is_panicking || load.part <= 0 || !may_panic_with(candidates_[i])) continue;
    is_panicking_ = true;
    is_usable_[i] = 1;
  }
  if (has_levels_) share_by_levels();
}

// Scaled so that the first level that gets anything keeps its shares as they are.
void CandidateList::share_by_levels() noexcept {
  std::array<double, kLevels> sums{};
  for (size_t i = 0; i < candidates_.size(); ++i) sums[candidates_[i].priority] += is_usable_[i] * shares_[i];
  double unit = 0;
  standby_.clear();
  for (size_t level = 0; level < kLevels && unit == 0; ++level) {
    if (loads_[level].part > 0) unit = sums[level] / loads_[level].part;
  }
  for (uint32_t i = 0; i < candidates_.size(); ++i) {
    size_t level = candidates_[i].priority;
    if (is_usable_[i] == 0) continue;
    shares_[i] *= unit * loads_[level].part / sums[level];
    if (loads_[level].part > 0) continue;
    is_usable_[i] = 0;
    standby_.push_back(i);
  }
}

std::optional<uint8_t> CandidateList::level_for(uint64_t hash) const noexcept {
  if (!has_levels_) return std::nullopt;
  // other bits than those that find the place of the key
  double draw = static_cast<double>(stable_hash(hash, kLevels) >> 11) * 0x1p-53;
  uint8_t last = 0;
  for (uint8_t level = 0; level < kLevels; ++level) {
    if (loads_[level].part <= 0) continue;
    last = level;
    if (draw < loads_[level].part) return level;
    draw -= loads_[level].part;
  }
  return last;
}

uint32_t CandidateList::random(Random& chance) const {
  double draw = chance.unit() * share_sums_.back();
  auto at = std::upper_bound(share_sums_.begin(), share_sums_.end() - 1, draw);  // the last one takes what is rounded
  return usable_[static_cast<size_t>(at - share_sums_.begin())];
}

std::optional<uint32_t> CandidateList::another(uint32_t first, std::span<const uint32_t> tried, Random& chance) const {
  auto fits = [&](uint32_t index) {
    return index != first && at(index).priority == at(first).priority && !was_tried(tried, index);
  };
  for (int i = 0; i < kDraws && usable_.size() > 1; ++i) {
    uint32_t index = random(chance);
    if (fits(index)) return index;
  }
  // rarely among many, often beside one that has nearly all the weight
  size_t place = usable_.size() > 1 ? chance.below(usable_.size()) : 0;
  for (size_t i = 0; i < usable_.size(); ++i) {
    uint32_t index = usable_[(place + i) % usable_.size()];
    if (fits(index)) return index;
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
  return untried_standby(tried);
}

std::optional<uint32_t> CandidateList::untried_standby(std::span<const uint32_t> tried) const noexcept {
  std::optional<uint32_t> best;
  for (uint32_t index : standby_) {
    if (best && at(*best).priority <= at(index).priority) continue;
    if (!was_tried(tried, index)) best = index;
  }
  return best;
}

std::optional<uint32_t> CandidateList::random_untried(std::span<const uint32_t> tried, Random& chance) const {
  for (int i = 0; i < kDraws; ++i) {
    uint32_t index = random(chance);
    if (!was_tried(tried, index)) return index;
  }
  return any_untried(tried, chance);
}
}  // namespace heddle
