#include "proxy/upstream/rate_limited.h"

namespace heddle {
bool is_rate_limited(const ResponseHead& head, bool end) noexcept {
  constexpr uint16_t kTooManyRequests = 429;
  constexpr std::string_view kResourceExhausted = "8";
  if (head.status == kTooManyRequests) return true;
  return end && head.fields().get(HeaderName::kGrpcStatus) == kResourceExhausted;
}
}  // namespace heddle
