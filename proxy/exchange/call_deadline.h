// CallDeadline: until when the caller of a gRPC method waits (`grpc-timeout`), and what is told of it to whom the
// request goes to. A part of the Exchange; pure: time is an argument. Rules: docs/life-of-a-request.md.
#pragma once
#include <optional>

#include "lib/base/clock.h"
#include "lib/base/result.h"
#include "lib/http/head.h"

namespace heddle {
class CallDeadline {
 public:
  static constexpr MonoTime kNever{Duration::max()};
  // Of a request that came at `came`. `most`: what a TrafficPolicy allows at most; zero: nobody's deadline counts. One
  // that is malformed is an error; of a request that is no gRPC the field is nobody's business.
  Result<void> read(const RequestHead&, MonoTime came, std::optional<Duration> most);
  bool is_set() const noexcept { return at_ != kNever; }
  MonoTime at() const noexcept { return at_; }
  // The field as it goes on: what is left. It never grows, and stays as it came while nothing has passed.
  void tell(HeaderMap& fields, Duration left);

 private:
  MonoTime at_ = kNever;
  Duration told_{};
};
}  // namespace heddle
