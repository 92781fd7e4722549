// MemoryKeeper: gives the kernel back what a rush of sidecars left behind. Handshakes, hellos and first batches need
// several times what a sidecar that is at rest holds, and the allocator would keep it all. It looks every second;
// when many came and the number of them moves no more, it gives back once. Control loop; pure but for its timer.
#pragma once
#include <functional>
#include <memory>

#include "lib/base/clock.h"

namespace heddle {
class MemoryKeeper {
 public:
  static constexpr Duration kLook = 1s;
  static constexpr size_t kMany = 100;  // connections that came or went
  struct Parts {
    Scheduler& scheduler;
    std::function<size_t()> connections;
    std::function<void()> give_back;
  };
  explicit MemoryKeeper(Parts parts);

 private:
  void look();
  Parts parts_;
  size_t at_rest_;  // connections when memory was given back last
  size_t before_;   // at the last look
  std::unique_ptr<Timer> timer_;
};
}  // namespace heddle
