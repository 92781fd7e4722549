#include "lib/base/block_pool.h"

#include <gtest/gtest.h>

#include <vector>

#include "lib/base/buffer.h"
#include "lib/base/poison.h"

namespace heddle {
namespace {
TEST(BlockPool, CountsTheBytesThatSomebodyHolds) {
  BlockPool pool;

  Block* small = pool.acquire(BlockSize::kSmall);
  Block* large = pool.acquire(BlockSize::kLarge);
  EXPECT_EQ(pool.bytes_in_use(), 2048U + 65536U);
  BlockPool::release(small);
  EXPECT_EQ(pool.bytes_in_use(), 65536U);
  BlockPool::release(large);

  EXPECT_EQ(pool.bytes_in_use(), 0U);
}

TEST(BlockPool, KeepsABlockUntilTheLastReferenceIsGone) {
  BlockPool pool;
  Block* block = pool.acquire(BlockSize::kSmall);
  BlockPool::add_reference(block);

  BlockPool::release(block);
  EXPECT_EQ(pool.bytes_in_use(), 2048U);
  BlockPool::release(block);

  EXPECT_EQ(pool.bytes_in_use(), 0U);
}

TEST(BlockPool, HandsOutBlocksAsNew) {
  BlockPool pool;
  Block* first = pool.acquire(BlockSize::kSmall);
  first->filled = 100;
  BlockPool::release(first);

  Block* second = pool.acquire(BlockSize::kSmall);

  EXPECT_EQ(second, first);
  EXPECT_EQ(second->filled, 0U);
  EXPECT_EQ(second->references, 1U);
  EXPECT_EQ(second->capacity, 2048 - sizeof(Block));
  BlockPool::release(second);
}

TEST(BlockPool, TellsAddressSanitizerWhatNobodyHolds) {
  BlockPool pool;
  Block* block = pool.acquire(BlockSize::kSmall);
  std::byte* last = block->payload() + block->capacity - 1;
  BlockPool::release(block);

  EXPECT_EQ(is_poisoned(block->payload()), kPoisons);
  EXPECT_EQ(is_poisoned(last), kPoisons);
  BlockPool::release(pool.acquire(BlockSize::kSmall));
  Block* again = pool.acquire(BlockSize::kSmall);

  EXPECT_EQ(again, block);
  EXPECT_FALSE(is_poisoned(again->payload()));
  EXPECT_FALSE(is_poisoned(last));
  BlockPool::release(again);
}

TEST(BlockPool, TakesNothingFromTheSystemInTheSteadyState) {
  BlockPool pool;
  auto round = [&pool] {
    Buffer a(pool, std::string(20'000, 'a'));
    Buffer b = a.share(100, 9000);
    Buffer c = b.take(3000);
  };
  round();
  uint64_t before = pool.system_allocations();

  for (int i = 0; i < 100; ++i) round();

  EXPECT_GT(before, 0U);
  EXPECT_EQ(pool.system_allocations(), before);
}

TEST(BlockPool, KeepsNoMoreFreeBlocksThanItsLimit) {
  BlockPool pool(BlockPool::Limits{1, 1, 1});
  Block* a = pool.acquire(BlockSize::kSmall);
  Block* b = pool.acquire(BlockSize::kSmall);
  BlockPool::release(a);
  BlockPool::release(b);

  a = pool.acquire(BlockSize::kSmall);
  b = pool.acquire(BlockSize::kSmall);

  EXPECT_EQ(pool.system_allocations(), 3U);
  BlockPool::release(a);
  BlockPool::release(b);
}

TEST(BlockPool, TrimGivesFreeBlocksBack) {
  BlockPool pool;
  BlockPool::release(pool.acquire(BlockSize::kSmall));

  pool.trim();
  BlockPool::release(pool.acquire(BlockSize::kSmall));

  EXPECT_EQ(pool.system_allocations(), 2U);
}
}  // namespace
}  // namespace heddle
