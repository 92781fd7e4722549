// The field `grpc-timeout`: how long the caller of a method waits for all of it, from when it asked (gRPC over HTTP/2,
// "Requests": 1 to 8 digits and one of H M S m u n). Pure; allocates nothing.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "lib/base/clock.h"

namespace heddle {
inline constexpr size_t kGrpcTimeoutDigits = 8;  // at most
// Longer ones count as this: it is as good as none, and nothing overflows when it is added to a time.
inline constexpr Duration kLongestGrpcTimeout = 365 * 24h;

// Nothing where it is malformed. Zero is read, too: the time is over.
std::optional<Duration> parse_grpc_timeout(std::string_view) noexcept;

// The text of a timeout.
class GrpcTimeoutText {
 public:
  // In the finest unit that has room for it, never more than `left`; "0n" where nothing is left.
  explicit GrpcTimeoutText(Duration left) noexcept;
  std::string_view text() const noexcept { return {room_.data(), size_}; }

 private:
  std::array<char, kGrpcTimeoutDigits + 1> room_{};
  uint8_t size_ = 0;
};
}  // namespace heddle
