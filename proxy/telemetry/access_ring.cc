#include "proxy/telemetry/access_ring.h"

#include <unistd.h>

#include <algorithm>
#include <bit>

namespace heddle {
AccessRing::AccessRing(size_t capacity, int wake_fd)
    : mask_(std::bit_ceil(std::max<size_t>(capacity, 2)) - 1),
      slots_(std::make_unique_for_overwrite<Slot[]>(mask_ + 1)),
      wake_fd_(wake_fd) {}

bool AccessRing::push(const AccessRecord& record) noexcept {
  size_t tail = tail_.load(std::memory_order_relaxed);
  if (tail - head_seen_ == capacity()) {
    head_seen_ = head_.load(std::memory_order_acquire);
    if (tail - head_seen_ == capacity()) {
      dropped_.store(dropped_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
      return false;
    }
  }
  ::new (slots_[tail & mask_].bytes) AccessRecord(record);  // lint: new placement
  tail_.store(tail + 1, std::memory_order_release);
  if (tail + 1 - head_seen_ == capacity() / 2) wake_if_half_full(tail + 1);
  return true;
}

// The remembered head may be old; looking again makes the next wake-up at least half a ring away.
void AccessRing::wake_if_half_full(size_t tail) noexcept {
  head_seen_ = head_.load(std::memory_order_acquire);
  if (wake_fd_ < 0 || tail - head_seen_ < capacity() / 2) return;
  uint64_t one = 1;
  (void)!::write(wake_fd_, &one, sizeof(one));
}
}  // namespace heddle
