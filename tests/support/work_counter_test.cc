#include "tests/support/work_counter.h"

#include <gtest/gtest.h>

#include <thread>

namespace heddle {
namespace {
constexpr uint64_t kRounds = 100'000;

uint64_t collatz_sum() {
  uint64_t sum = 0;
  for (uint64_t n = 1; n <= kRounds; ++n) sum += n % 2 == 0 ? n / 2 : 3 * n + 1;
  return sum;
}

uint64_t blocks_of_a_thread(bool left_out) {
  WorkCounter counter;
  std::thread worker([&] {
    if (left_out) WorkCounter::leave_out_this_thread();
    EXPECT_GT(collatz_sum(), kRounds);
  });
  worker.join();
  return counter.blocks();
}

TEST(WorkCounterTest, CountsBlocksWhereTheBuildDoes) {
  uint64_t blocks = blocks_of_a_thread(false);
  if constexpr (WorkCounter::kCounts) {
    EXPECT_GE(blocks, kRounds);
    EXPECT_LT(blocks, 20 * kRounds);
  } else {
    EXPECT_EQ(blocks, 0);
  }
}

TEST(WorkCounterTest, LeavesAThreadOut) { EXPECT_LT(blocks_of_a_thread(true), kRounds); }
}  // namespace
}  // namespace heddle
