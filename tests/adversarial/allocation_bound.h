// AllocationBound: an attacker pays more than we do. While it lives, the proxies may allocate kTimes the bytes that are
// sent, on top of what kConnections of good clients cost; checked at its end. Everything that was taken from the
// allocator counts, also what was given back. The thread that makes it, and those that call leave_out(), are peers.
#pragma once
#include <cstddef>

#include "tests/support/allocation_counter.h"

namespace heddle::adversarial {
class AllocationBound {
 public:
  static constexpr uint64_t kTimes = 100;
  // A new connection of each kind on both sides: nghttp2 sessions, TLS of both ends, first blocks of the pools.
  static constexpr uint64_t kConnections = 512 * 1024;
  explicit AllocationBound(size_t sent);
  AllocationBound(const AllocationBound&) = delete;
  AllocationBound& operator=(const AllocationBound&) = delete;
  ~AllocationBound();
  static void leave_out() { AllocationCounter::leave_out_this_thread(); }

 private:
  size_t sent_;
  AllocationCounter counter_;
};
}  // namespace heddle::adversarial
