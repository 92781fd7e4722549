// LoopWatchdog: does every event loop still turn? Posts a beat to each loop every second and notes when it ran, because
// an idle loop does not turn by itself. Owned by the main loop. A loop that does not answer gets no second beat:
// nothing piles up.
#pragma once
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "lib/event/loop.h"

namespace heddle {
class LoopWatchdog {
 public:
  static constexpr Duration kBeat = 1s;
  explicit LoopWatchdog(Loop& main);
  // Watches from now on; the loop may end before the watchdog does, but must not be destroyed before it.
  void watch(std::string name, Loop&);
  struct Beat {
    std::string name;
    MonoTime last;
  };
  std::vector<Beat> beats() const;

 private:
  struct State {
    std::atomic<int64_t> last{0};
    std::atomic<bool> is_waiting{false};
  };
  struct Watched {
    std::string name;
    Loop& loop;
    std::shared_ptr<State> state;  // shared with the posted beat, which may outlive us
  };
  void beat();
  Loop& main_;
  std::vector<Watched> watched_;
  std::unique_ptr<Timer> timer_;
};
}  // namespace heddle
