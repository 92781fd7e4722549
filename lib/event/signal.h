// SignalWatch: SIGTERM, SIGHUP and friends as events on one loop. The callback runs from the loop, once per delivery
// (the kernel merges deliveries that were not yet seen), and may destroy its watch. Belongs to the loop; an open watch
// keeps it alive.
#pragma once
#include "lib/event/loop.h"

namespace heddle {
class SignalWatch {
 public:
  SignalWatch(Loop& loop, int signal_number, Task on_signal);
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  Task on_signal_;
  UvHandle<uv_signal_t> handle_;
};
}  // namespace heddle
