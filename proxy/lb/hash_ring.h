// HashRing: consistent hashing on a ring (Karger et al. 1997). Every endpoint has points on it, many or few by its
// weight; a key belongs to the endpoint whose point follows the key's hash. An endpoint that goes leaves its keys to
// those behind its points and moves no other.
// Points: 1,024 for the heaviest endpoint (halved while all together would be more than 65,536), for the others by
// their weight, one at least for each that has a weight. So the number does not depend on who else is there, but where
// their number doubles. 16 bytes each: 1 MiB below 65,536 endpoints. A pure value; build() allocates, lookups do not.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace heddle {
// Who takes part; the index in the span is what lookups answer.
struct HashedEndpoint {
  uint64_t id = 0;      // of the endpoint, the same in all processes
  uint32_t weight = 1;  // 0: gets no key
};

class HashRing {
 public:
  static constexpr uint64_t kPointsOfHeaviest = 1024;
  static constexpr uint64_t kMaxPoints = 65'536;  // unless there are more endpoints

  void build(std::span<const HashedEndpoint>);
  size_t size() const noexcept { return points_.size(); }
  // Where a key stands; the ring must not be empty.
  size_t slot_of(uint64_t hash) const noexcept;
  uint32_t owner(size_t slot) const noexcept { return points_[slot].owner; }

 private:
  struct Point {
    uint64_t hash;
    uint32_t owner;
  };
  std::vector<Point> points_;  // by hash
};
}  // namespace heddle
