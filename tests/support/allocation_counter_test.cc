#include "tests/support/allocation_counter.h"

#include <gtest/gtest.h>

#include <memory>

namespace heddle {
namespace {
TEST(AllocationCounter, CountsEveryNew) {
  AllocationCounter counter;

  auto one = std::make_unique<int>(1);
  auto two = std::make_unique<char[]>(100);

  EXPECT_EQ(counter.count(), 2U);
}
}  // namespace
}  // namespace heddle
