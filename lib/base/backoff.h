// Backoff: how long to wait before the next try: exponential, jittered around the step, capped. A pure value: the
// owner arms its own timer. Belongs to one loop.
#pragma once
#include "lib/base/clock.h"
#include "lib/base/random.h"

namespace heddle {
struct BackoffSpec {
  Duration first = 1s;
  double factor = 1.6;
  double jitter = 0.2;  // the answer is uniform in step * [1 - jitter, 1 + jitter]
  Duration cap = 120s;  // of the step, before jitter
};

class Backoff {
 public:
  // The defaults are those of connections to the control plane (gRPC's connection backoff).
  explicit Backoff(Random& random, BackoffSpec spec = {}) : random_(random), spec_(spec), step_(spec.first) {}
  Duration next();
  void reset() noexcept { step_ = spec_.first; }

 private:
  Random& random_;
  BackoffSpec spec_;
  Duration step_;  // before jitter
};
}  // namespace heddle
