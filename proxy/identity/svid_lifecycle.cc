#include "proxy/identity/svid_lifecycle.h"

#include <algorithm>

namespace heddle {
namespace {
constexpr Duration kSoonest = 1ms;
}

bool SvidLifecycle::is_due(const Moment& now) const {
  if (!times_ || is_expired(now.wall)) return true;
  return (early_at_ && now.mono >= *early_at_) || should_rotate(now.wall, times_->issued_at, times_->not_after, dice_);
}

SvidLifecycle::Plan SvidLifecycle::plan(const Moment& now) const {
  if (in_flight_) return {};
  bool due = is_due(now);
  if (due && retry_at_ && now.mono < *retry_at_) return {SvidNeed::kNothing, *retry_at_ - now.mono};
  if (due) return {!times_ || is_expired(now.wall) ? SvidNeed::kAttest : SvidNeed::kRenew, kLookAgain};
  Duration left = rotate_at(times_->issued_at, times_->not_after, dice_) - now.wall;
  if (early_at_) left = std::min(left, *early_at_ - now.mono);
  return {SvidNeed::kNothing, std::clamp(left, kSoonest, kLookAgain)};
}

void SvidLifecycle::on_failed(const Moment& now) {
  in_flight_ = false;
  failed_ = true;
  retry_at_ = now.mono + backoff_.next();
}

void SvidLifecycle::on_live(const SvidTimes& times, MonoTime now) {
  in_flight_ = false;
  failed_ = false;
  times_ = times;
  early_at_.reset();
  dice_ = random_.unit();
  retry_at_ = now + kBreath;
  backoff_.reset();
}

void SvidLifecycle::hurry() {
  retry_at_.reset();
  backoff_.reset();
}

IdentityState SvidLifecycle::state(WallTime now) const {
  if (!times_) return in_flight_ ? IdentityState::kFetching : IdentityState::kEmpty;
  if (is_expired(now)) return IdentityState::kExpired;
  if (in_flight_) return IdentityState::kRefreshing;
  return failed_ ? IdentityState::kStale : IdentityState::kLive;
}

std::optional<SvidHealth> SvidLifecycle::health(WallTime now) const {
  if (!times_) return std::nullopt;
  return svid_health(now, times_->issued_at, times_->not_after);
}
}  // namespace heddle
