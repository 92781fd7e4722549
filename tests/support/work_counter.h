// WorkCounter: how much of our code ran since it was made, in basic blocks, in all threads but those that are left out.
// The same input takes the same blocks whatever the machine does meanwhile; what libraries do inside is not seen. Only
// builds with HEDDLE_COUNT_WORK count (`./dev test asan`); elsewhere kCounts is false and blocks() is 0.
#pragma once
#include <cstdint>

#ifdef HEDDLE_COUNT_WORK
#include "tests/support/work_hook.h"
#endif

namespace heddle {
class WorkCounter {
 public:
#ifdef HEDDLE_COUNT_WORK
  static constexpr bool kCounts = true;
  uint64_t blocks() const noexcept { return work_hook::total() - start_; }
  // What this thread does is not counted from here on: it plays the peer.
  static void leave_out_this_thread() noexcept { work_hook::leave_out_this_thread(); }

 private:
  uint64_t start_ = work_hook::total();
#else
  static constexpr bool kCounts = false;
  uint64_t blocks() const noexcept { return 0; }
  static void leave_out_this_thread() noexcept {}
#endif
};
}  // namespace heddle
