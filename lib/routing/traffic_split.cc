#include "lib/routing/traffic_split.h"

#include <algorithm>

namespace heddle {
TrafficSplit::TrafficSplit(std::span<const uint32_t> weights) {
  uint64_t total = 0;
  ends_.reserve(weights.size());
  for (uint32_t weight : weights) ends_.push_back(total += weight);
}

std::optional<size_t> TrafficSplit::pick(uint64_t draw) const noexcept {
  if (ends_.empty() || ends_.back() == 0) return std::nullopt;
  uint64_t point = scaled(draw, ends_.back());
  auto it = std::upper_bound(ends_.begin(), ends_.end(), point);
  return static_cast<size_t>(it - ends_.begin());
}

uint64_t TrafficSplit::scaled(uint64_t draw, uint64_t total) noexcept {
  __extension__ using Wide = unsigned __int128;
  return static_cast<uint64_t>((static_cast<Wide>(draw) * total) >> 64);
}

// The finalizer of SplitMix64: every bit of the draw moves every bit of the answer.
uint64_t TrafficSplit::another(uint64_t draw) noexcept {
  draw += 0x9e3779b97f4a7c15U;
  draw = (draw ^ (draw >> 30)) * 0xbf58476d1ce4e5b9U;
  draw = (draw ^ (draw >> 27)) * 0x94d049bb133111ebU;
  return draw ^ (draw >> 31);
}
}  // namespace heddle
