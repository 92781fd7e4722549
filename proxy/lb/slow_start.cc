#include "proxy/lb/slow_start.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

namespace heddle {
void SlowStart::update(std::span<const LbCandidate> before, std::span<const LbCandidate> after) {
  std::unordered_map<const EndpointHealth*, Ramp> known;
  for (size_t i = 0; i < before.size(); ++i) known.emplace(before[i].health.get(), ramps_[i]);
  std::vector<Ramp> ramps(after.size());
  for (size_t i = 0; i < after.size(); ++i) {
    auto found = known.find(after[i].health.get());
    if (found != known.end()) ramps[i] = found->second;
  }
  ramps_ = std::move(ramps);
}

void SlowStart::look(std::span<const uint8_t> usable, MonoTime now) noexcept {
  bool is_anyone_warm = false;
  for (size_t i = 0; i < ramps_.size(); ++i) is_anyone_warm |= ramps_[i].was_usable && usable[i] != 0;
  is_ramping_ = false;
  for (size_t i = 0; i < ramps_.size(); ++i) {
    Ramp& ramp = ramps_[i];
    bool began = usable[i] != 0 && !ramp.was_usable;
    if (began) ramp.since = is_anyone_warm ? now : now - spec_.window;
    ramp.was_usable = usable[i] != 0;
    ramp.part = part_at(now - ramp.since);
    is_ramping_ |= ramp.was_usable && ramp.part < 1;
  }
}

double SlowStart::part_at(Duration age) const noexcept {
  if (age >= spec_.window) return 1;
  double time = static_cast<double>(age.count()) / static_cast<double>(spec_.window.count());
  return std::max(kFirstPart, std::pow(time, 1 / spec_.aggression));
}

std::optional<Duration> SlowStart::next_step() const noexcept {
  return is_ramping_ ? std::optional(spec_.window / kSteps) : std::nullopt;
}
}  // namespace heddle
