// Http2Memory: the allocator of everything HTTP/2 keeps per connection and per stream: nghttp2's own objects (eight
// allocations per request otherwise, measured) and our stream objects. Size classes with bounded free lists, so that a
// busy worker asks the system for nothing. One per worker (or main) loop; outlives every session made with it; not
// thread safe. Never shrinks by itself: trim() gives free memory back.
#pragma once
#include <nghttp2/nghttp2.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>
#include <vector>

namespace heddle {
class Http2Memory {
 public:
  Http2Memory();
  Http2Memory(const Http2Memory&) = delete;
  Http2Memory& operator=(const Http2Memory&) = delete;
  ~Http2Memory();

  void* allocate(size_t bytes);
  void* reallocate(void* p, size_t bytes);
  void release(void* p) noexcept;
  nghttp2_mem* table() noexcept { return &table_; }  // what nghttp2_session_*_new3 wants

  template <class T, class... Args>
  T* create(Args&&... args) {
    return ::new (allocate(sizeof(T))) T(std::forward<Args>(args)...);
  }
  template <class T>
  void destroy(T* p) noexcept {
    p->~T();
    release(p);
  }

  // Fields of one outgoing head, rebuilt for each; shared by all sessions because nghttp2 copies at once.
  std::vector<nghttp2_nv>& fields() noexcept { return fields_; }

  size_t bytes_in_use() const noexcept { return bytes_in_use_; }
  // Allocations from the system since the start; steady state adds none.
  uint64_t system_allocations() const noexcept { return system_allocations_; }
  void trim() noexcept;

  static constexpr size_t kLargestClass = 32 * 1024;
  static constexpr size_t kFreeBytesPerClass = 1024 * 1024;

 private:
  // In front of every allocation; keeps the payload aligned to 16 bytes.
  struct alignas(16) Header {
    Header* next_free;
    uint32_t bytes;  // of the payload
    uint32_t size_class;
  };
  static constexpr size_t kClasses = 21;  // 32, 48, 64, 96 ... 32768
  static constexpr uint32_t kNoClass = kClasses;
  static uint32_t class_of(size_t bytes) noexcept;
  static size_t class_bytes(uint32_t size_class) noexcept;
  struct FreeList {
    Header* head = nullptr;
    size_t bytes = 0;
  };

  nghttp2_mem table_;
  std::array<FreeList, kClasses> free_;
  std::vector<nghttp2_nv> fields_;
  size_t bytes_in_use_ = 0;
  uint64_t system_allocations_ = 0;
};
}  // namespace heddle
