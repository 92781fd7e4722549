// RecordRing: plain values on their way from one worker to who writes or sends them: a ring for exactly one producer
// and one consumer, without locks. push() never waits: a full ring drops the record and counts it. Owned by the
// consumer; the worker must be gone before it.
#pragma once
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>

namespace heddle {
template <class Record>
class RecordRing {
  static_assert(std::is_trivially_copyable_v<Record>);

 public:
  // Capacity: rounded up to a power of two. `wake_fd`: an eventfd that is written to when the ring gets
  // half full, -1 for none; not owned.
  explicit RecordRing(size_t capacity, int wake_fd = -1)
      : mask_(std::bit_ceil(std::max<size_t>(capacity, 2)) - 1),
        slots_(std::make_unique_for_overwrite<Slot[]>(mask_ + 1)),
        wake_fd_(wake_fd) {}
  RecordRing(const RecordRing&) = delete;
  RecordRing& operator=(const RecordRing&) = delete;

  // Producer only. False: full, the record is lost.
  bool push(const Record&) noexcept;
  // Consumer only: f(const Record&) for what is there now, at most so many; returns how many.
  template <class F>
  size_t drain(F&& f, size_t most = SIZE_MAX) {
    size_t head = head_.load(std::memory_order_relaxed);
    size_t tail = tail_.load(std::memory_order_acquire);
    if (tail - head > most) tail = head + most;
    for (size_t i = head; i != tail; ++i) {
      f(*std::launder(reinterpret_cast<const Record*>(slots_[i & mask_].bytes)));
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
    alignas(Record) std::byte bytes[sizeof(Record)];
  };
  const size_t mask_;
  const std::unique_ptr<Slot[]> slots_;
  const int wake_fd_;
  alignas(kLine) std::atomic<size_t> head_{0};  // written by the consumer; counts up for ever
  alignas(kLine) std::atomic<size_t> tail_{0};  // written by the producer
  size_t head_seen_ = 0;                        // the producer's copy, so that it rarely touches the other line
  std::atomic<uint64_t> dropped_{0};
};

template <class Record>
bool RecordRing<Record>::push(const Record& record) noexcept {
  size_t tail = tail_.load(std::memory_order_relaxed);
  if (tail - head_seen_ == capacity()) {
    head_seen_ = head_.load(std::memory_order_acquire);
    if (tail - head_seen_ == capacity()) {
      dropped_.store(dropped_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
      return false;
    }
  }
  ::new (slots_[tail & mask_].bytes) Record(record);  // lint: new placement
  tail_.store(tail + 1, std::memory_order_release);
  if (tail + 1 - head_seen_ == capacity() / 2) wake_if_half_full(tail + 1);
  return true;
}

// The remembered head may be old; looking again makes the next wake-up at least half a ring away.
template <class Record>
void RecordRing<Record>::wake_if_half_full(size_t tail) noexcept {
  head_seen_ = head_.load(std::memory_order_acquire);
  if (wake_fd_ < 0 || tail - head_seen_ < capacity() / 2) return;
  uint64_t one = 1;
  (void)!::write(wake_fd_, &one, sizeof(one));
}
}  // namespace heddle
