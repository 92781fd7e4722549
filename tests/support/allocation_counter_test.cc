#include "tests/support/allocation_counter.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <thread>

namespace heddle {
namespace {
TEST(AllocationCounter, CountsNewAndMalloc) {
  AllocationCounter counter;

  auto one = std::make_unique<int>(1);
  auto two = std::make_unique<char[]>(100);
  std::unique_ptr<void, decltype(&std::free)> three(std::malloc(10), &std::free);

  EXPECT_EQ(counter.count(), 3U);
}

TEST(AllocationCounter, LeavesOutWhoAsksForIt) {
  uint64_t counted = 1;

  std::thread([&] {
    AllocationCounter::leave_out_this_thread();
    AllocationCounter counter;
    auto one = std::make_unique<int>(1);
    counted = counter.count();
  }).join();

  EXPECT_EQ(counted, 0U);
}
}  // namespace
}  // namespace heddle
