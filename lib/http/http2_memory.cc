#include "lib/http/http2_memory.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>

#include "lib/base/assert.h"
#include "lib/base/poison.h"

namespace heddle {
namespace {
Http2Memory& self(void* user) { return *static_cast<Http2Memory*>(user); }
void* on_malloc(size_t bytes, void* user) { return self(user).allocate(bytes); }
void on_free(void* p, void* user) { self(user).release(p); }
void* on_realloc(void* p, size_t bytes, void* user) { return self(user).reallocate(p, bytes); }
void* on_calloc(size_t count, size_t each, void* user) {
  HEDDLE_CHECK(each == 0 || count <= SIZE_MAX / each);
  void* p = self(user).allocate(count * each);
  std::memset(p, 0, count * each);
  return p;
}
}  // namespace

Http2Memory::Http2Memory() : table_{this, on_malloc, on_free, on_calloc, on_realloc} {}

Http2Memory::~Http2Memory() {
  HEDDLE_ASSERT(bytes_in_use_ == 0);
  trim();
}

void Http2Memory::trim() noexcept {
  for (FreeList& list : free_) {
    while (Header* header = list.head) {
      list.head = header->next_free;
      std::free(header);
    }
    list.bytes = 0;
  }
}

// Two classes per doubling: even ones are powers of two, odd ones lie halfway to the next.
size_t Http2Memory::class_bytes(uint32_t size_class) noexcept {
  size_t power = size_t{32} << (size_class / 2);
  return size_class % 2 == 0 ? power : power + power / 2;
}

uint32_t Http2Memory::class_of(size_t bytes) noexcept {
  if (bytes > kLargestClass) return kNoClass;
  if (bytes <= 32) return 0;
  auto doubling = static_cast<uint32_t>(std::bit_width(bytes - 1)) - 6;  // 33..64 -> 0
  size_t half = size_t{48} << doubling;
  return doubling * 2 + (bytes <= half ? 1 : 2);
}

void* Http2Memory::allocate(size_t bytes) {
  uint32_t size_class = class_of(bytes);
  size_t payload = size_class == kNoClass ? bytes : class_bytes(size_class);
  Header* header = size_class == kNoClass ? nullptr : free_[size_class].head;
  if (header != nullptr) {
    free_[size_class].head = header->next_free;
    free_[size_class].bytes -= payload;
    unpoison(header + 1, payload);
  } else {
    header = static_cast<Header*>(std::malloc(sizeof(Header) + payload));
    HEDDLE_CHECK(header != nullptr);
    ++system_allocations_;
  }
  *header = Header{nullptr, static_cast<uint32_t>(payload), size_class};
  bytes_in_use_ += payload;
  return header + 1;
}

void* Http2Memory::reallocate(void* p, size_t bytes) {
  if (p == nullptr) return allocate(bytes);
  size_t have = (static_cast<Header*>(p) - 1)->bytes;
  if (bytes <= have) return p;
  void* bigger = allocate(bytes);
  std::memcpy(bigger, p, std::min(have, bytes));
  release(p);
  return bigger;
}

void Http2Memory::release(void* p) noexcept {
  if (p == nullptr) return;
  Header* header = static_cast<Header*>(p) - 1;
  bytes_in_use_ -= header->bytes;
  if (header->size_class == kNoClass || free_[header->size_class].bytes >= kFreeBytesPerClass) {
    std::free(header);
    return;
  }
  FreeList& list = free_[header->size_class];
  header->next_free = list.head;
  list.head = header;
  list.bytes += header->bytes;
  poison(p, header->bytes);
}
}  // namespace heddle
