#include "proxy/identity/spire_retry.h"

#include <algorithm>

namespace heddle {
Duration SpireRetry::after(GrpcStatus status, Duration served) {
  if (status == GrpcStatus::kInvalidArgument) return random_.jitter(kRefusedPause, kJitter);
  if (served >= kServedWell && wait_ == Duration{}) return Duration{};
  return after_refused();
}

Duration SpireRetry::after_refused() {
  wait_ = std::min(wait_ + kStep, kCap);
  return random_.jitter(wait_, kJitter);
}

void SpireStream::begin() noexcept {
  ++number_;
  is_open_ = true;
  is_good_ = false;
  serving_since_.reset();
}

void SpireStream::on_message(MonoTime now) noexcept {
  if (!serving_since_) serving_since_ = now;
}

bool SpireStream::is_useless_after(bool is_good, uint64_t number, bool more_is_here) noexcept {
  if (!is_open_ || number != number_) return false;
  is_good_ = is_good_ || is_good;
  return !is_good_ && !more_is_here;
}

Duration SpireStream::served(MonoTime now) const noexcept {
  return serving_since_ ? now - *serving_since_ : Duration{};
}
}  // namespace heddle
