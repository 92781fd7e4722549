// BlockPool: reference-counted blocks of memory in three sizes, with bounded free lists. One pool per loop; blocks
// and everything made of them (Buffer, heads) never leave that loop, so counts are not atomic. The pool must outlive
// its blocks; its destructor aborts in debug builds when one is still out.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "lib/base/bytes.h"

namespace heddle {
class BlockPool;

// 2 KiB: heads and small answers. 16 KiB: bodies. 64 KiB: bulk reads and the largest head.
enum class BlockSize : uint8_t { kSmall, kMedium, kLarge };

// Header in front of the payload; sizes above include it.
struct Block {
  BlockPool* pool;
  Block* next_free;
  uint32_t references;
  uint32_t capacity;  // of the payload
  uint32_t filled;    // bytes some slice may look at; appending in place is allowed exactly at this mark
  BlockSize size;
  std::byte* payload() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
};

// One slice of a Buffer: a view into a block. Pooled like blocks.
struct Slice {
  Slice* next;
  Block* block;
  uint32_t offset;
  uint32_t length;
};

class BlockPool {
 public:
  // Free memory kept for reuse, per size, in blocks.
  struct Limits {
    size_t small = 1024;
    size_t medium = 256;
    size_t large = 8;
  };
  BlockPool();
  explicit BlockPool(Limits);
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;
  ~BlockPool();

  Block* acquire(BlockSize);  // references == 1
  static void add_reference(Block* block) noexcept { ++block->references; }
  static void release(Block* block) noexcept {
    if (--block->references == 0) block->pool->recycle(block);
  }
  Slice* acquire_slice();
  void release_slice(Slice*) noexcept;

  // Bytes in blocks that somebody holds; the number the memory formula of docs/flow-control.md is checked against.
  size_t bytes_in_use() const noexcept { return bytes_in_use_; }
  // Allocations from the system since the start; steady state adds none.
  uint64_t system_allocations() const noexcept { return system_allocations_; }
  // Gives free blocks back to the system.
  void trim() noexcept;

  static constexpr std::array<uint32_t, 3> kBytes = {2048, 16384, 65536};

 private:
  struct FreeList {
    Block* head = nullptr;
    size_t count = 0;
    size_t limit = 0;
  };
  void recycle(Block*) noexcept;
  std::array<FreeList, 3> free_;
  Slice* free_slices_ = nullptr;
  size_t bytes_in_use_ = 0;
  size_t slices_in_use_ = 0;
  uint64_t system_allocations_ = 0;
};
}  // namespace heddle
