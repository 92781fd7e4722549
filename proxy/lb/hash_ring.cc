#include "proxy/lb/hash_ring.h"

#include <algorithm>

#include "proxy/lb/stable_hash.h"

namespace heddle {
void HashRing::build(std::span<const HashedEndpoint> endpoints) {
  points_.clear();
  uint64_t heaviest = 0;
  size_t takers = 0;
  for (const HashedEndpoint& endpoint : endpoints) {
    heaviest = std::max<uint64_t>(heaviest, endpoint.weight);
    takers += endpoint.weight != 0;
  }
  uint64_t most = kPointsOfHeaviest;
  while (most > 1 && most * takers > kMaxPoints) most /= 2;
  for (uint32_t i = 0; i < endpoints.size(); ++i) {
    if (endpoints[i].weight == 0) continue;
    uint64_t points = std::max<uint64_t>(1, most * endpoints[i].weight / heaviest);
    for (uint64_t n = 0; n < points; ++n) points_.push_back({stable_hash(endpoints[i].id, n), i});
  }
  // of equal points the one of the smaller id, wherever it stands in the list
  auto before = [&](const Point& a, const Point& b) {
    return a.hash != b.hash ? a.hash < b.hash : endpoints[a.owner].id < endpoints[b.owner].id;
  };
  std::sort(points_.begin(), points_.end(), before);
}

size_t HashRing::slot_of(uint64_t hash) const noexcept {
  auto before = [](const Point& point, uint64_t value) { return point.hash < value; };
  auto at = std::lower_bound(points_.begin(), points_.end(), hash, before);
  return at == points_.end() ? 0 : static_cast<size_t>(at - points_.begin());
}
}  // namespace heddle
