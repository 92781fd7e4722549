#include "proxy/resilience/ewma.h"

#include <algorithm>
#include <cmath>

namespace heddle {
double PeakEwma::weight_at(MonoTime now) const noexcept {
  auto age = static_cast<double>(std::max((now - at_).count(), Duration::rep{0}));
  return std::exp(-age / static_cast<double>(decay_.count()));
}

void PeakEwma::add(Duration sample, MonoTime now) noexcept {
  auto fresh = static_cast<double>(std::max(sample.count(), Duration::rep{0}));
  double old_weight = has_sample_ ? weight_at(now) : 0;
  double decayed = value_ * old_weight;
  value_ = fresh >= decayed ? fresh : fresh + (decayed - fresh) * old_weight;
  at_ = std::max(at_, now);
  has_sample_ = true;
}

Duration PeakEwma::value_at(MonoTime now) const noexcept {
  return Duration(static_cast<int64_t>(has_sample_ ? value_ * weight_at(now) : 0));
}
}  // namespace heddle
