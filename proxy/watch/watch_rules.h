// The rules of the watch that need no stream: which version may follow which, and how far behind we may be. Pure.
#pragma once
#include <optional>

#include "lib/api/watch_messages.h"

namespace heddle {
enum class BatchVerdict : uint8_t {
  kTake,
  kSkip,       // a delta that was on its way when everything was asked for
  kBackwards,  // older than what we have: another replica is behind, or lost its store
};

// `resync`: everything was asked for, whatever its version (hello without one).
inline BatchVerdict judge_batch(const WatchBegin& begin, const std::optional<Version>& ours, bool resync) {
  if (resync) return begin.kind == BatchKind::kSnapshot ? BatchVerdict::kTake : BatchVerdict::kSkip;
  if (ours && begin.to < *ours) return BatchVerdict::kBackwards;
  return BatchVerdict::kTake;
}

// How long what we run may have been out of date. Zero while a heartbeat less than kMissedHeartbeats ago said that we
// run the newest.
class LagTracker {
 public:
  explicit LagTracker(MonoTime start) : current_until_(start) {}
  void on_current(MonoTime now) {
    current_until_ = now;
    is_current_ = true;
  }
  void on_newer(MonoTime now) {
    if (is_current_) current_until_ = now;
    is_current_ = false;
  }
  // Nobody tells us any more.
  void on_disconnected() { is_current_ = false; }
  Duration lag(MonoTime now) const { return is_current_ ? Duration{} : now - current_until_; }

 private:
  MonoTime current_until_;
  bool is_current_ = false;
};
}  // namespace heddle
