// CostBound: an attacker pays more than we do. While it lives, the proxies may allocate kTimes the bytes that are sent,
// on top of what kConnections of good clients cost, and do kTimes the work of a good request for each kShare of bytes;
// checked at its end. Everything that was taken from the allocator counts, also what was given back. Work is counted in
// builds that can (`./dev test asan`, work_counter.h). The thread that makes it, and those that call leave_out(), are
// peers.
#pragma once
#include <cstddef>
#include <optional>
#include <thread>

#include "tests/support/allocation_counter.h"
#include "tests/support/work_counter.h"

namespace heddle::adversarial {
class CostBound {
 public:
  static constexpr uint64_t kTimes = 100;
  // A new connection of each kind on both sides: nghttp2 sessions, TLS of both ends, first blocks of the pools.
  static constexpr uint64_t kConnections = 512 * 1024;
  static constexpr size_t kShare = 64 * 1024;
  // `request`: the basic blocks of a good one (Rig::request_work).
  CostBound(size_t sent, uint64_t request);
  CostBound(const CostBound&) = delete;
  CostBound& operator=(const CostBound&) = delete;
  ~CostBound();
  static void leave_out();

 private:
  size_t sent_;
  uint64_t request_;
  AllocationCounter allocated_;
  WorkCounter work_;
};

// For one call that reads a document of `given` bytes, on a thread of its own, the only one that is counted then: the
// same bound for what it allocates, and work that grows with the bytes and no faster. Documents come from who
// configures or is federated, not with requests, so what a request costs is no measure for them.
inline constexpr uint64_t kDocumentWork = 1'000'000;  // basic blocks, whatever it holds
inline constexpr uint64_t kWorkPerByte = 400;         // a list of 20,000 empty objects takes 265 (unoptimised)
void check_call(size_t given, uint64_t bytes, uint64_t blocks);
template <class F>
auto bounded(size_t given, F&& read) {
  std::optional<decltype(read())> out;
  std::thread reader([&] {
    AllocationCounter allocated;
    WorkCounter work;
    out.emplace(read());
    check_call(given, allocated.bytes(), work.blocks());
  });
  reader.join();
  return *std::move(out);
}
}  // namespace heddle::adversarial
