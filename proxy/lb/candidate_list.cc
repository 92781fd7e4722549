#include "proxy/lb/candidate_list.h"

#include <algorithm>

#include "proxy/lb/minimum_share.h"
#include "proxy/lb/stable_hash.h"

namespace heddle {
namespace {
constexpr int kDraws = 4;      // until the tried ones are simply skipped
constexpr size_t kLooks = 16;  // at those next to each other, after the draws
}  // namespace

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
  auto is_local = [](const LbCandidate& c) { return c.is_local; };
  has_zones_ = std::any_of(candidates_.begin(), candidates_.end(), is_local) &&
               !std::all_of(candidates_.begin(), candidates_.end(), is_local);
  standby_.clear();
  if (has_levels_ || has_zones_) standby_.reserve(candidates_.size());
  seen_epoch_ = 0;
}

void CandidateList::look(MonoTime now) noexcept {
  look_again_ = kNever;
  standby_.clear();
  for (size_t i = 0; i < candidates_.size(); ++i) {
    is_usable_[i] = candidates_[i].weight != 0 && candidates_[i].usable();
    shares_[i] = candidates_[i].weight;
  }
  if (slow_start_.is_on()) {
    slow_start_.look(is_usable_, now);
    for (size_t i = 0; i < candidates_.size(); ++i) shares_[i] *= slow_start_.part_of(i);
    if (auto step = slow_start_.next_step()) look_again_ = now + *step;
  }
  if (has_levels_ || panic_below_ != 0 || min_healthy_ != 0) look_at_levels();
  if (has_zones_) {
    share_by_zones();
    look_again_ = std::min(look_again_, now + kZoneEvery);
  }
  if (has_levels_) share_by_levels();
  gather();
}

void CandidateList::gather() noexcept {
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

// Of what was looked at: a flag may change meanwhile.
LevelHealths CandidateList::level_healths() const noexcept {
  LevelHealths out{};
  for (size_t i = 0; i < candidates_.size(); ++i) {
    LevelHealth& level = out[candidates_[i].priority];
    level.healthy += is_usable_[i];
    level.present += is_usable_[i] != 0 || may_panic_with(candidates_[i]);
  }
  return out;
}

// Nobody of such a level is the last resort of a request either.
void CandidateList::leave_short_levels(const LevelHealths& levels) noexcept {
  for (size_t i = 0; i < candidates_.size(); ++i) {
    if (is_below(levels[candidates_[i].priority], min_healthy_)) is_usable_[i] = 0;
  }
}

void CandidateList::look_at_levels() noexcept {
  LevelHealths levels = level_healths();
  loads_ = level_loads(levels, panic_below_, min_healthy_);
  is_panicking_ = false;
  if (min_healthy_ != 0) return leave_short_levels(levels);
  for (size_t i = 0; i < candidates_.size(); ++i) {
    const LevelLoad& load = loads_[candidates_[i].priority];
    if (!load.is_panicking || load.part <= 0 || !may_panic_with(candidates_[i])) continue;
    is_panicking_ = true;
    is_usable_[i] = 1;
  }
}

// Scaled so that the first level that gets anything keeps its shares as they are.
void CandidateList::share_by_levels() noexcept {
  std::array<double, kLevels> sums{};
  for (size_t i = 0; i < candidates_.size(); ++i) sums[candidates_[i].priority] += is_usable_[i] * shares_[i];
  double unit = 0;
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

std::array<ZoneState, kLevels> CandidateList::zone_states() const noexcept {
  std::array<ZoneState, kLevels> out{};
  std::array<LevelHealth, kLevels> local{};
  for (size_t i = 0; i < candidates_.size(); ++i) {
    const LbCandidate& candidate = candidates_[i];
    ZoneState& zone = out[candidate.priority];
    if (candidate.is_local) {
      local[candidate.priority].healthy += is_usable_[i] != 0 && candidate.usable();
      local[candidate.priority].present += is_usable_[i] != 0 || may_panic_with(candidate);
    }
    if (is_usable_[i] == 0) continue;
    (candidate.is_local ? zone.local_weight : zone.other_weight) += shares_[i];
    zone.in_flight += candidate.health->in_flight();
  }
  for (size_t level = 0; level < kLevels; ++level) {
    if (local[level].present == 0) continue;
    out[level].is_short = is_below(local[level], min_healthy_);
    out[level].local_healthy_part =
        static_cast<double>(local[level].healthy) / static_cast<double>(local[level].present);
  }
  return out;
}

// A level as a whole keeps what it has.
void CandidateList::share_by_zones() noexcept {
  std::array<ZoneState, kLevels> zones = zone_states();
  for (uint32_t i = 0; i < candidates_.size(); ++i) {
    if (is_usable_[i] == 0) continue;
    const ZoneState& zone = zones[candidates_[i].priority];
    double part = zone_part(zone);
    bool is_local = candidates_[i].is_local;
    double weight = is_local ? zone.local_weight : zone.other_weight;
    shares_[i] *= (is_local ? part : 1 - part) * (zone.local_weight + zone.other_weight) / weight;
    if (shares_[i] > 0) continue;
    is_usable_[i] = 0;
    standby_.push_back(i);
  }
}

bool CandidateList::is_alike(uint32_t a, uint32_t b) const noexcept {
  return at(a).priority == at(b).priority && at(a).is_local == at(b).is_local;
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
  auto fits = [&](uint32_t index) { return index != first && is_alike(first, index) && !was_tried(tried, index); };
  for (int i = 0; i < kDraws && usable_.size() > 1; ++i) {
    uint32_t index = random(chance);
    if (fits(index)) return index;
  }
  // rarely among many, often beside one that has nearly all the weight
  size_t place = usable_.size() > 1 ? chance.below(usable_.size()) : 0;
  for (size_t i = 0; i < std::min(kLooks, usable_.size()); ++i) {
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
