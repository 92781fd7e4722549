// run_turns(): a loop turns for a moment, for what is over by then and for what must not happen. By the clock and by
// turns: on a machine that stalls the whole moment may pass before the first of them. runs_until(): it turns until
// done() is true, but not for ever, so that what is broken fails instead of hanging: false after a minute.
#pragma once
#include "lib/event/loop.h"

namespace heddle {
inline void run_turns(Loop& loop) {
  constexpr int kTurns = 6;
  for (int i = 0; i < kTurns; ++i) {
    bool over = false;
    auto timer = loop.timer([&] { over = true; });
    timer->arm(std::chrono::milliseconds(5));
    loop.run_until([&] { return over; });
  }
}

template <class F>
[[nodiscard]] bool runs_until(Loop& loop, F&& done) {
  bool gave_up = false;
  auto limit = loop.timer([&] { gave_up = true; });
  limit->arm(std::chrono::minutes(1));  // longer than a busy machine stalls
  loop.run_until([&] { return gave_up || done(); });
  return !gave_up;
}
}  // namespace heddle
