#include "tests/support/allocation_counter.h"

#include <atomic>
#include <cstddef>

namespace {
std::atomic<uint64_t> allocations{0};
std::atomic<uint64_t> allocated{0};  // bytes
// lint: thread-local malloc has no object to ask
thread_local bool left_out = false;  // plain data: ready before any constructor ran

void note_allocation(size_t size) noexcept {
  if (left_out) return;
  allocations.fetch_add(1, std::memory_order_relaxed);
  allocated.fetch_add(size, std::memory_order_relaxed);
}
}  // namespace

// A sanitizer has its own allocator and checks what belongs to it; its hooks see every allocation.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void*, size_t),
                                                         void (*on_free)(const volatile void*));

namespace {
void count_allocation(const volatile void*, size_t size) { note_allocation(size); }
void ignore_free(const volatile void*) {}
const int installed = __sanitizer_install_malloc_and_free_hooks(count_allocation, ignore_free);
}  // namespace
#else
// glibc lets a program put its own functions before the allocator's and offers the originals by these names.
// NOLINTBEGIN(bugprone-reserved-identifier)
extern "C" void* __libc_malloc(size_t size);
extern "C" void* __libc_calloc(size_t count, size_t size);
extern "C" void* __libc_realloc(void* memory, size_t size);
extern "C" void* __libc_memalign(size_t alignment, size_t size);

extern "C" void* malloc(size_t size) {
  note_allocation(size);
  return __libc_malloc(size);
}
extern "C" void* calloc(size_t count, size_t size) {
  note_allocation(count * size);
  return __libc_calloc(count, size);
}
extern "C" void* realloc(void* memory, size_t size) {
  note_allocation(size);
  return __libc_realloc(memory, size);
}
extern "C" void* aligned_alloc(size_t alignment, size_t size) {
  note_allocation(size);
  return __libc_memalign(alignment, size);
}
// NOLINTEND(bugprone-reserved-identifier)
#endif

namespace heddle {
AllocationCounter::AllocationCounter()
    : start_(allocations.load(std::memory_order_relaxed)), start_bytes_(allocated.load(std::memory_order_relaxed)) {}
uint64_t AllocationCounter::count() const { return allocations.load(std::memory_order_relaxed) - start_; }
uint64_t AllocationCounter::bytes() const { return allocated.load(std::memory_order_relaxed) - start_bytes_; }
void AllocationCounter::leave_out_this_thread() noexcept { left_out = true; }
}  // namespace heddle
