// Chance as a parameter. SystemRandom is the only engine; tests use SeededRandom (tests/support).
// Not thread-safe: one per loop.
#pragma once
#include <cstdint>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"

namespace heddle {
class Random {
 public:
  virtual ~Random() = default;
  virtual uint64_t next() = 0;
  uint64_t below(uint64_t n);                   // uniform in [0, n); 0 for n == 0
  double unit();                                // uniform in [0, 1)
  Duration jitter(Duration mean, double part);  // uniform in mean * [1 - part, 1 + part]
};

// xoshiro256** seeded from the kernel. Not for secrets.
class SystemRandom final : public Random {
 public:
  SystemRandom();
  uint64_t next() override;

 private:
  uint64_t state_[4];
};

// Secrets: fills from getrandom(2); aborts if the kernel cannot.
void secure_random(MutableBytes out);
}  // namespace heddle
