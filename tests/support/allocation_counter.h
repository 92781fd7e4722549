// AllocationCounter: how often memory was allocated since it was made, by operator new or malloc, in all threads but
// those that are left out. Linking it puts counting functions before the allocator's in the test binary.
#pragma once
#include <cstdint>

namespace heddle {
class AllocationCounter {
 public:
  AllocationCounter();
  uint64_t count() const;
  // What this thread allocates is not counted from here on: it plays the peer.
  static void leave_out_this_thread() noexcept;

 private:
  uint64_t start_;
};
}  // namespace heddle
