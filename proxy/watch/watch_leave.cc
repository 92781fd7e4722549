// The part of the WatchClient for the end of its process: it asks when the others have let go of it.
#include <algorithm>

#include "proxy/watch/watch_client.h"

namespace heddle {
void WatchClient::leave(WatchDraining said, OnRelease on_release) {
  leave_by_ = scheduler_.now() + said.within;
  leaving_ = std::move(said);
  on_release_ = std::move(on_release);
  if (state_ == WatchState::kSyncing || state_ == WatchState::kLive) say_leaving();
}

// Of each stream: the next control plane knows nothing of what the last one was told.
void WatchClient::say_leaving() {
  if (!leaving_) return;
  leaving_->within = std::clamp<Duration>(leave_by_ - scheduler_.now(), Duration{}, kMaxLeavingWithin);
  leave_asked_at_ = scheduler_.now();
  send(*leaving_);
}

void WatchClient::on_message(WatchRelease&& message) {
  if (!leaving_) return;
  if (message.state != ReleaseState::kWaiting) leaving_.reset();
  on_release_(message);
}
}  // namespace heddle
