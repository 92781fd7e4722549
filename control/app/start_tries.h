// StartTries: what a start needs of the store, tried until it answers: an etcd that starts with us has no leader yet.
// Runs the loop; never from inside it. Only kUnavailable is tried again: nothing else is mended by waiting. kDraining:
// the loop was stopped, then at once.
#pragma once
#include "control/app/wait_for.h"
#include "lib/base/backoff.h"
#include "lib/base/log.h"

namespace heddle {
class StartTries {
 public:
  static constexpr BackoffSpec kRetry{200ms, 2.0, 0.2, 5s};
  // All that is tried together has so long, from now on.
  StartTries(Loop& loop, Random& random, Logger log, Duration patience)
      : loop_(loop), random_(random), log_(log), patience_(patience), deadline_(loop.now() + patience) {}

  // `attempt` answers a Result<T>; it may wait_for(). Fails with what the last one said, and "within 60s" where it
  // gave up; `what` is for people: "the ledger".
  template <class T, class Attempt>
  Result<T> get(std::string_view what, Attempt&& attempt) {
    Backoff retry(random_, kRetry);
    while (true) {
      Result<T> got = attempt();
      if (got || got.error().reason != Reason::kUnavailable) return got;
      if (loop_.now() >= deadline_) return late(what, got.error());
      if (!pause(what, got.error(), retry.next())) return stopped_while_starting();
    }
  }

 private:
  Error late(std::string_view what, const Error& why) const;
  bool pause(std::string_view what, const Error& why, Duration);  // false: stopped
  Loop& loop_;
  Random& random_;
  Logger log_;
  Duration patience_;
  MonoTime deadline_;
};
}  // namespace heddle
