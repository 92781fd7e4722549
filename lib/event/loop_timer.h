// LoopTimer: the Timer of a real Loop, one uv_timer_t each; for control traffic (the request path uses Deadline). Made
// by Loop::timer(); belongs to that loop and dies before it. Resolution 1 ms; never early. May be destroyed or armed
// again inside its own task; armed for now by a timer's task, it fires in a later turn.
#pragma once
#include "lib/event/loop.h"

namespace heddle {
class LoopTimer final : public Timer {
 public:
  LoopTimer(Loop&, Task);
  void arm(Duration) override;
  void cancel() override;
  // libuv's milliseconds, rounded up.
  static uint64_t to_ticks(Duration);

 private:
  static void on_fire(uv_timer_t*);
  Loop& loop_;
  Task task_;
  UvHandle<uv_timer_t> handle_;
};
}  // namespace heddle
