// PeakEwma: a latency that jumps up at once and sinks slowly: a slower sample replaces the value, a faster one pulls it
// down with the age of what was known, and silence lets it decay towards zero, so that a slow endpoint is tried again.
// A pure value; time is an argument.
#pragma once
#include "lib/base/clock.h"

namespace heddle {
class PeakEwma {
 public:
  static constexpr Duration kDecay = 10s;  // after this long, 1/e of the old value is left
  explicit PeakEwma(Duration decay = kDecay) : decay_(decay) {}
  void add(Duration sample, MonoTime now) noexcept;
  Duration value_at(MonoTime now) const noexcept;  // 0 before the first sample
  bool has_sample() const noexcept { return has_sample_; }

 private:
  double weight_at(MonoTime now) const noexcept;  // of the old value
  Duration decay_;
  double value_ = 0;  // nanoseconds
  MonoTime at_;
  bool has_sample_ = false;
};
}  // namespace heddle
