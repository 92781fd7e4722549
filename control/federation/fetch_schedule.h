// FetchSchedule: when the bundle of one trust domain is asked for next. After a good answer: after its refresh hint
// (60 s to 1 h, 300 s without one: certs/jwks.h), up to a tenth earlier, so that control planes do not ask in step.
// After a failure: 5 s, doubled up to 300 s, jitter 20 % (SPIFFE Federation §4 leaves it to the client). Pure.
#pragma once
#include "lib/base/backoff.h"

namespace heddle {
class FetchSchedule {
 public:
  static constexpr double kEarlier = 0.1;
  static constexpr BackoffSpec kRetry{5s, 2.0, 0.2, 300s};
  // Due at once.
  FetchSchedule(Random& random, MonoTime now) : random_(random), retry_(random, kRetry), next_(now) {}

  bool is_due(MonoTime now) const noexcept { return now >= next_; }
  MonoTime next() const noexcept { return next_; }
  void ask_now(MonoTime now) {
    retry_.reset();
    next_ = now;
  }
  void succeeded(MonoTime now, Duration refresh_hint) {
    retry_.reset();
    double part = 1.0 - kEarlier * random_.unit();
    next_ = now + Duration(static_cast<int64_t>(static_cast<double>(refresh_hint.count()) * part));
  }
  void failed(MonoTime now) { next_ = now + retry_.next(); }

 private:
  Random& random_;
  Backoff retry_;
  MonoTime next_;
};
}  // namespace heddle
