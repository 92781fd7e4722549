// AccessRing: access records on their way from one worker to the writer thread: a ring for exactly one producer and one
// consumer, without locks. push() never waits: a full ring drops the record and counts it. Owned by the LogWriter; the
// worker must be gone before it.
#pragma once
#include <atomic>
#include <cstddef>
#include <memory>
#include <new>

#include "proxy/telemetry/access_record.h"

namespace heddle {
class AccessRing {
 public:
  // Capacity: rounded up to a power of two; 512 bytes each. `wake_fd`: an eventfd that is written to when the ring gets
  // half full, -1 for none; not owned.
  explicit AccessRing(size_t capacity, int wake_fd = -1);
  AccessRing(const AccessRing&) = delete;
  AccessRing& operator=(const AccessRing&) = delete;

  // Producer only. False: full, the record is lost.
  bool push(const AccessRecord&) noexcept;
  // Consumer only: f(const AccessRecord&) for what is there now; returns how many.
  template <class F>
  size_t drain(F&& f) {
    size_t head = head_.load(std::memory_order_relaxed);
    size_t tail = tail_.load(std::memory_order_acquire);
    for (size_t i = head; i != tail; ++i) {
      f(*std::launder(reinterpret_cast<const AccessRecord*>(slots_[i & mask_].bytes)));
      head_.store(i + 1, std::memory_order_release);  // at once: the producer may be waiting for the slot
    }
    return tail - head;
  }
  uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }  // any thread
  uint64_t pushed() const noexcept { return tail_.load(std::memory_order_relaxed); }      // any thread
  size_t capacity() const noexcept { return mask_ + 1; }

 private:
  static constexpr size_t kLine = 64;
  void wake_if_half_full(size_t tail) noexcept;
  // Raw memory: the kernel gives its pages when records come, so that a quiet proxy does not hold a ring of 2.6 MB.
  struct Slot {
    alignas(AccessRecord) std::byte bytes[sizeof(AccessRecord)];
  };
  const size_t mask_;
  const std::unique_ptr<Slot[]> slots_;
  const int wake_fd_;
  alignas(kLine) std::atomic<size_t> head_{0};  // written by the consumer; counts up for ever
  alignas(kLine) std::atomic<size_t> tail_{0};  // written by the producer
  size_t head_seen_ = 0;                        // the producer's copy, so that it rarely touches the other line
  std::atomic<uint64_t> dropped_{0};
};
}  // namespace heddle
