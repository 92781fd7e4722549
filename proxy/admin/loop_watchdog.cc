#include "proxy/admin/loop_watchdog.h"

#include <utility>

namespace heddle {
LoopWatchdog::LoopWatchdog(Loop& main) : main_(main), timer_(main.timer([this] { beat(); })) {
  timer_->arm(Duration{});
}

void LoopWatchdog::watch(std::string name, Loop& loop) {
  auto state = std::make_shared<State>();
  state->last.store(main_.now().since_epoch().count(), std::memory_order_relaxed);
  watched_.push_back({std::move(name), loop, std::move(state)});
}

void LoopWatchdog::beat() {
  for (Watched& watched : watched_) {
    if (watched.state->is_waiting.exchange(true)) continue;
    watched.loop.post([state = watched.state, &loop = watched.loop] {
      state->last.store(loop.now().since_epoch().count(), std::memory_order_relaxed);
      state->is_waiting.store(false);
    });
  }
  timer_->arm(kBeat);
}

std::vector<LoopWatchdog::Beat> LoopWatchdog::beats() const {
  std::vector<Beat> out;
  for (const Watched& watched : watched_) {
    out.push_back({watched.name, MonoTime(Duration(watched.state->last.load(std::memory_order_relaxed)))});
  }
  return out;
}
}  // namespace heddle
