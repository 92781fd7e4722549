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
  __extension__ using Wide = unsigned __int128;
  auto point = static_cast<uint64_t>((static_cast<Wide>(draw) * ends_.back()) >> 64);  // uniform in [0, total)
  auto it = std::upper_bound(ends_.begin(), ends_.end(), point);
  return static_cast<size_t>(it - ends_.begin());
}
}  // namespace heddle
