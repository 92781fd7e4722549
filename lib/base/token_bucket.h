// TokenBucket: how often something may happen: `rate` per second on average, `burst` at once. Pure: time is a
// parameter and may stand still; one owner, no lock.
#pragma once
#include <algorithm>

#include "lib/base/clock.h"

namespace heddle {
class TokenBucket {
 public:
  // rate > 0, burst >= 1; starts full.
  TokenBucket(double rate, double burst, MonoTime now) : rate_(rate), burst_(burst), tokens_(burst), at_(now) {}
  [[nodiscard]] bool take(MonoTime now) {
    tokens_ = level(now);
    at_ = std::max(at_, now);
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }
  // How long until take() can succeed; zero: now.
  Duration until_next(MonoTime now) const {
    double missing = 1 - level(now);
    return missing <= 0 ? Duration(0) : Duration(static_cast<int64_t>(missing / rate_ * 1e9) + 1);
  }
  bool is_full(MonoTime now) const { return level(now) >= burst_; }

 private:
  double level(MonoTime now) const {
    if (now <= at_) return tokens_;
    return std::min(burst_, tokens_ + std::chrono::duration<double>(now - at_).count() * rate_);
  }
  double rate_;
  double burst_;
  double tokens_;
  MonoTime at_;
};
}  // namespace heddle
