// SpireRetry: when to ask the Workload API again after a stream ended: 1 s, 2 s ... 30 s, from the start again once a
// good message came (as SPIFFE's own clients do), with jitter, because an agent that restarts has many callers. A
// stream that served for a while is opened anew at once. INVALID_ARGUMENT means that asking again is of no use (SPIFFE
// Workload Endpoint §6): a pause of five minutes. Pure but for its dice; owned by SpireIdentity.
// SpireStream: whether an open stream is worth waiting for. Its first message must come within kFirstMessage, and be
// good: an agent that says nothing, or nonsense, and then hangs, would never be asked again. Once a message was good
// the agent may be silent for ever, and what it says then may be refused: it speaks when something changes. Messages
// are read elsewhere, so one of an earlier stream may be judged while the next is open. Pure.
#pragma once
#include <optional>

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
  // The first message was refused.
  Duration after_refused();

 private:
  Random& random_;
  Duration wait_{};
};

class SpireStream {
 public:
  static constexpr Duration kFirstMessage = 30s;
  // Another one is asked for. Its number tells its messages from those of others.
  void begin() noexcept;
  void end() noexcept { is_open_ = false; }
  bool is_open() const noexcept { return is_open_; }
  uint64_t number() const noexcept { return number_; }
  void on_message(MonoTime now) noexcept;
  // True: this stream brought nothing good, and nothing more that could be; to be ended and asked for again.
  bool is_useless_after(bool is_good, uint64_t number, bool more_is_here) noexcept;
  // Since its first message; zero without one.
  Duration served(MonoTime now) const noexcept;

 private:
  uint64_t number_ = 0;
  bool is_open_ = false;
  bool is_good_ = false;
  std::optional<MonoTime> serving_since_;
};
}  // namespace heddle
