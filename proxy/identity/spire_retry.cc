#include "proxy/identity/spire_retry.h"

#include <algorithm>

namespace heddle {
Duration SpireRetry::after(GrpcStatus status, Duration served) {
  if (status == GrpcStatus::kInvalidArgument) return random_.jitter(kRefusedPause, kJitter);
  if (served >= kServedWell && wait_ == Duration{}) return Duration{};
  wait_ = std::min(wait_ + kStep, kCap);
  return random_.jitter(wait_, kJitter);
}
}  // namespace heddle
