// SpireRetry: when to ask the Workload API again after a stream ended: 1 s, 2 s ... 30 s, from the start again once a
// good message came (as SPIFFE's own clients do), with jitter, because an agent that restarts has many callers. A
// stream that served for a while is opened anew at once. INVALID_ARGUMENT means that asking again is of no use (SPIFFE
// Workload Endpoint §6): a pause of five minutes. Pure but for its dice; owned by SpireIdentity.
#pragma once
#include "lib/base/clock.h"
#include "lib/base/random.h"
#include "lib/rpc/grpc_message.h"

namespace heddle {
class SpireRetry {
 public:
  static constexpr Duration kStep = 1s;
  static constexpr Duration kCap = 30s;
  static constexpr Duration kRefusedPause = 5min;
  static constexpr Duration kServedWell = 10s;  // from the first message to the end
  static constexpr double kJitter = 0.1;
  explicit SpireRetry(Random& random) : random_(random) {}
  void on_good_message() noexcept { wait_ = Duration{}; }
  // `served`: how long the stream lasted after its first message.
  Duration after(GrpcStatus, Duration served);

 private:
  Random& random_;
  Duration wait_{};
};
}  // namespace heddle
