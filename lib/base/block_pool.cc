#include "lib/base/block_pool.h"

#include <cstdlib>

#include "lib/base/assert.h"
#include "lib/base/poison.h"

namespace heddle {

BlockPool::BlockPool() : BlockPool(Limits{}) {}

BlockPool::BlockPool(Limits limits) {
  free_[0].limit = limits.small;
  free_[1].limit = limits.medium;
  free_[2].limit = limits.large;
}

BlockPool::~BlockPool() {
  HEDDLE_ASSERT(bytes_in_use_ == 0);
  HEDDLE_ASSERT(slices_in_use_ == 0);
  trim();
}

void BlockPool::trim() noexcept {
  for (FreeList& list : free_) {
    while (Block* block = list.head) {
      list.head = block->next_free;
      std::free(block);
    }
    list.count = 0;
  }
  while (Slice* slice = free_slices_) {
    free_slices_ = slice->next;
    std::free(slice);
  }
}

Block* BlockPool::acquire(BlockSize size) {
  auto index = static_cast<size_t>(size);
  FreeList& list = free_[index];
  Block* block = list.head;
  if (block != nullptr) {
    list.head = block->next_free;
    --list.count;
    unpoison(block->payload(), kBytes[index] - sizeof(Block));
  } else {
    block = static_cast<Block*>(std::malloc(kBytes[index]));
    HEDDLE_CHECK(block != nullptr);
    ++system_allocations_;
  }
  *block = Block{this, nullptr, 1, kBytes[index] - static_cast<uint32_t>(sizeof(Block)), 0, size};
  bytes_in_use_ += kBytes[index];
  return block;
}

void BlockPool::recycle(Block* block) noexcept {
  auto index = static_cast<size_t>(block->size);
  bytes_in_use_ -= kBytes[index];
  FreeList& list = free_[index];
  if (list.count >= list.limit) {
    std::free(block);
    return;
  }
  block->next_free = list.head;
  list.head = block;
  ++list.count;
  poison(block->payload(), kBytes[index] - sizeof(Block));
}

Slice* BlockPool::acquire_slice() {
  Slice* slice = free_slices_;
  if (slice != nullptr) {
    free_slices_ = slice->next;
    unpoison(slice, sizeof(Slice));
  } else {
    slice = static_cast<Slice*>(std::malloc(sizeof(Slice)));
    HEDDLE_CHECK(slice != nullptr);
    ++system_allocations_;
  }
  ++slices_in_use_;
  return slice;
}

void BlockPool::release_slice(Slice* slice) noexcept {
  slice->next = free_slices_;
  free_slices_ = slice;
  poison(&slice->block, sizeof(Slice) - offsetof(Slice, block));
  --slices_in_use_;
}
}  // namespace heddle
