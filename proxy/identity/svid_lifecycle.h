// SvidLifecycle: the decisions of certificate rotation without a clock, a key or a network: what to do now and when to
// look again. Half of the lifetime counted from issue, with jitter (certs/rotation.h); retries 1 s x 1.6, cap 120 s; a
// failed renewal keeps the old certificate; an expired one needs a new attestation. Pure but for its dice; owned by the
// SvidRotator.
#pragma once
#include <optional>

#include "lib/base/backoff.h"
#include "proxy/identity/svid_source.h"

namespace heddle {
struct SvidTimes {
  WallTime issued_at;
  WallTime not_after;
};
struct Moment {
  MonoTime mono;
  WallTime wall;
};
enum class SvidNeed : uint8_t { kNothing, kAttest, kRenew };

class SvidLifecycle {
 public:
  static constexpr Duration kLookAgain = 30s;  // at least this often: the wall clock may jump
  static constexpr Duration kBreath = 1s;      // between a success and the next try, whatever the answer's times say
  struct Plan {
    SvidNeed need = SvidNeed::kNothing;
    Duration look_again = kLookAgain;  // when nothing is to be done; an answer comes sooner than that otherwise
  };
  explicit SvidLifecycle(Random& random) : random_(random), backoff_(random) {}

  Plan plan(const Moment& now) const;
  void on_begun() { in_flight_ = true; }
  void on_failed(const Moment& now);
  // A certificate of these times is in use: loaded or just signed.
  void on_live(const SvidTimes&, MonoTime now);
  // An operator asked, or a token may be there now: no waiting for the backoff.
  void hurry();
  // Renew then, though half of the lifetime is not over. Asked again, the earlier time stays: who is told often must
  // not put it off. The next certificate settles it.
  void renew_at(MonoTime at) { early_at_ = std::min(at, early_at_.value_or(at)); }

  IdentityState state(WallTime now) const;
  std::optional<SvidHealth> health(WallTime now) const;
  const std::optional<SvidTimes>& times() const noexcept { return times_; }

 private:
  bool is_due(const Moment& now) const;
  bool is_expired(WallTime now) const { return times_ && now >= times_->not_after; }
  Random& random_;
  Backoff backoff_;
  std::optional<SvidTimes> times_;
  double dice_ = 0.5;                 // of this certificate's rotation
  std::optional<MonoTime> retry_at_;  // no try before
  std::optional<MonoTime> early_at_;
  bool in_flight_ = false;
  bool failed_ = false;  // the last try
};
}  // namespace heddle
