// The part of the WatchHub for a store that may be old, and sidecars that hold a newer version than it has.
#include <utility>

#include "control/watch/watch_hub.h"

namespace heddle {
bool WatchHub::is_stale() const {
  std::optional<JournalHealth> health = health_ ? health_() : std::nullopt;
  return health && !health->is_current;
}

void WatchHub::tell_trust(Subscriber& subscriber) {
  untold_.erase(subscriber.id());
  if (trust_ == nullptr) return;
  if (!is_stale()) return subscriber.announce_trust(trust_);
  untold_.insert(subscriber.id());
}

void WatchHub::tell_untold() {
  if (untold_.empty() || is_stale()) return;
  for (uint64_t id : std::exchange(untold_, {})) subscribers_.at(id)->announce_trust(trust_);
}

// Also who holds what it should hold by content: what it wants next would be a batch of an older version.
void WatchHub::greet(Subscriber& subscriber, const WatchHello& hello) {
  subscriber.set_held(find_held(subscriber, hello));
  if (!hello.version || !AheadStreams::is_ahead(*hello.version, store_.version())) return;
  if (!health_ || !health_()) return;
  if (ahead_.empty()) ahead_timer_->arm(AheadStreams::kLook);
  ahead_.begin(subscriber.id(), hello, scheduler_.now(), scheduler_.wall(), random_);
  subscriber.hold_batches(true);
  first_batches_.end(subscriber.id(), scheduler_.now());
}

void WatchHub::look_ahead() {
  std::optional<JournalHealth> health = health_();
  for (const AheadStreams::Due& due : ahead_.take(store_.version(), health, scheduler_.now())) {
    auto at = subscribers_.find(due.id);
    if (at == subscribers_.end() || at->second->is_closed()) continue;
    if (due.verdict == AheadStreams::Verdict::kServe) {
      serve_ahead(*at->second, due.hello);
      continue;
    }
    at->second->drain();
    ++sent_away_.behind;
  }
  if (!ahead_.empty()) ahead_timer_->arm(AheadStreams::kLook);
  begin_waiting();
  check_waiters();
}

// At once, whatever waits to be pushed: it has waited for this version.
void WatchHub::serve_ahead(Subscriber& subscriber, const WatchHello& hello) {
  if (store_.version() != target_.version()) use_newest();
  if (subscriber.held() == nullptr) subscriber.set_held(find_held(subscriber, hello));
  subscriber.hold_batches(false);
  pump(subscriber);
}
}  // namespace heddle
