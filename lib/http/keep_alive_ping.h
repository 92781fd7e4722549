// KeepAlivePing: when a silent HTTP/2 peer is asked whether it is still there, and when it is given up (reliability
// rule T10). Any byte counts as an answer, not only the PING's acknowledgement. Pure: time is handed in, nothing is
// sent or closed here; the codec asks judge() when due() has come. One per connection, a member of its codec.
#pragma once
#include <optional>

#include "lib/base/clock.h"

namespace heddle {
struct KeepAlive {
  Duration quiet = 30s;   // without a byte from the peer: a PING
  Duration answer = 10s;  // without a byte after it: the connection is over
  static constexpr KeepAlive off() { return {Duration{}, Duration{}}; }
  constexpr bool is_on() const noexcept { return quiet > Duration{}; }
};

class KeepAlivePing {
 public:
  enum class Verdict : uint8_t { kWait, kPing, kDead };
  explicit KeepAlivePing(MonoTime now) : heard_at_(now) {}

  void set(KeepAlive times) noexcept { times_ = times; }
  // A byte came; or nobody reads now, so that the peer's silence proves nothing.
  void heard(MonoTime now) noexcept {
    heard_at_ = now;
    asked_at_.reset();
  }
  // When judge() wants to be called; nothing while it is off.
  std::optional<MonoTime> due() const noexcept {
    if (!times_.is_on()) return std::nullopt;
    return asked_at_ ? *asked_at_ + times_.answer : heard_at_ + times_.quiet;
  }
  // kPing: send one now; it is not said again before the answer is due.
  Verdict judge(MonoTime now) noexcept;
  Duration silence(MonoTime now) const noexcept { return now - heard_at_; }

 private:
  KeepAlive times_ = KeepAlive::off();
  MonoTime heard_at_;
  std::optional<MonoTime> asked_at_;
};
}  // namespace heddle
