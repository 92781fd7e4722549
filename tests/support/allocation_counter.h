// AllocationCounter: how often, and how much, memory was allocated since it was made, by operator new or malloc, in all
// threads but those that are left out. Linking it puts counting functions before the allocator's in the test binary.
#pragma once
#include <cstdint>

namespace heddle {
class AllocationCounter {
 public:
  AllocationCounter();
  uint64_t count() const;
  uint64_t bytes() const;  // in all: what was freed again counts, too
  // What this thread allocates is not counted from here on: it plays the peer.
  static void leave_out_this_thread() noexcept;

 private:
  uint64_t start_;
  uint64_t start_bytes_;
};
}  // namespace heddle
