// SeededRandom: chance that every run repeats. The same seed gives the same numbers on every machine (splitmix64).
// Owned by the test; not thread-safe, like every Random. Never for secrets.
#pragma once
#include "lib/base/random.h"

namespace heddle {
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(uint64_t seed = 1) : state_(seed) {}
  uint64_t next() override {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15U);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }

 private:
  uint64_t state_;
};
}  // namespace heddle
