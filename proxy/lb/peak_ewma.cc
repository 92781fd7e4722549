#include "proxy/lb/peak_ewma.h"

#include <algorithm>
#include <unordered_map>

namespace heddle {
namespace {
constexpr Duration kNoise = 1ms;
constexpr double kAlike = 2.0;
constexpr uint32_t kLostTurns = 2;
constexpr Duration kTooSlowToProbe = 100ms;

bool are_alike(double a, double b) noexcept { return a < b * kAlike && b < a * kAlike; }
}  // namespace

// Most endpoints keep their place; only those that do not are looked for.
void PeakEwmaBalancer::update(std::vector<LbCandidate> candidates) {
  auto stays = [&](size_t i) { return i < list_.size() && i < candidates.size() && is_at(i, candidates[i]); };
  std::unordered_map<const EndpointHealth*, State> moved;
  for (uint32_t i = 0; i < list_.size(); ++i) {
    if (!stays(i)) moved.emplace(list_.at(i).health.get(), states_[i]);
  }
  // the old list keeps the health objects alive until here, so an address cannot mean two endpoints
  std::vector<State> states(candidates.size());
  for (size_t i = 0; i < candidates.size(); ++i) {
    auto found = stays(i) ? moved.end() : moved.find(candidates[i].health.get());
    if (found != moved.end()) states[i] = found->second;
    if (stays(i)) states[i] = states_[i];
  }
  states_ = std::move(states);
  list_.update(std::move(candidates));
  rotation_.restart(list_, random_);
}

bool PeakEwmaBalancer::is_at(size_t index, const LbCandidate& candidate) const noexcept {
  return list_.at(static_cast<uint32_t>(index)).health == candidate.health;
}

std::optional<uint32_t> PeakEwmaBalancer::pick(const PickContext& context) {
  if (list_.refresh(context.now)) rotation_.rebuild(list_);
  std::optional<uint32_t> first = rotation_.next_untried(list_, context.tried, random_);
  if (!first) return std::nullopt;
  std::optional<uint32_t> second = list_.another(*first, context.tried, random_);
  if (second && !is_due(*first, context.now) && is_better(*second, *first, context.now)) {
    ++states_[*first].lost_turns;
    return second;
  }
  states_[*first].lost_turns = 0;
  return first;
}

void PeakEwmaBalancer::on_response(uint32_t index, Duration latency, MonoTime now) {
  if (HEDDLE_BUG(index >= states_.size(), "an answer of an endpoint that is no candidate")) return;
  states_[index].latency.add(latency, now);
}

// It says something only where it is more than what was known: the answer would have taken longer still.
void PeakEwmaBalancer::on_overtaken(uint32_t index, Duration at_least, MonoTime now) {
  if (HEDDLE_BUG(index >= states_.size(), "a try of an endpoint that is no candidate")) return;
  if (at_least > states_[index].latency.value_at(now)) states_[index].latency.add(at_least, now);
}

bool PeakEwmaBalancer::is_better(uint32_t second, uint32_t first, MonoTime now) const noexcept {
  double second_load = 1 + list_.load_of(second);
  double first_load = 1 + list_.load_of(first);
  const PeakEwma& second_latency = states_[second].latency;
  const PeakEwma& first_latency = states_[first].latency;
  if (!second_latency.has_sample() || !first_latency.has_sample()) return second_load < first_load;
  auto second_ns = static_cast<double>(std::max(second_latency.value_at(now), kNoise).count());
  auto first_ns = static_cast<double>(std::max(first_latency.value_at(now), kNoise).count());
  if (are_alike(second_ns, first_ns)) return second_load < first_load;
  return second_ns * second_load < first_ns * first_load;
}

bool PeakEwmaBalancer::is_due(uint32_t index, MonoTime now) const noexcept {
  const State& state = states_[index];
  return state.lost_turns >= kLostTurns && list_.at(index).health->in_flight() == 0 &&
         state.latency.value_at(now) < kTooSlowToProbe;
}
}  // namespace heddle
