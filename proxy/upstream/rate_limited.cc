#include "proxy/upstream/rate_limited.h"

#include "lib/base/strings.h"

namespace heddle {
std::optional<unsigned> grpc_status_of(const ResponseHead& head, bool end) noexcept {
  std::optional<std::string_view> text = end ? head.fields().get(HeaderName::kGrpcStatus) : std::nullopt;
  return text ? parse_int<unsigned>(*text) : std::nullopt;
}

bool is_rate_limited(const ResponseHead& head, bool end) noexcept {
  constexpr uint16_t kTooManyRequests = 429;
  constexpr unsigned kResourceExhausted = 8;
  if (head.status == kTooManyRequests) return true;
  return grpc_status_of(head, end) == kResourceExhausted;
}
}  // namespace heddle
