#include "lib/base/unique_function.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace heddle {
namespace {
TEST(UniqueFunction, IsEmptyByDefault) {
  UniqueFunction<void()> none;
  UniqueFunction<void()> null = nullptr;

  EXPECT_FALSE(none);
  EXPECT_FALSE(null);
}

TEST(UniqueFunction, PassesArgumentsAndResults) {
  UniqueFunction<std::string(int, std::string)> f = [](int n, const std::string& s) { return s + std::to_string(n); };

  EXPECT_EQ(f(7, "x"), "x7");
}

TEST(UniqueFunction, HoldsWhatOnlyMoves) {
  auto value = std::make_unique<int>(5);
  UniqueFunction<int()> f = [v = std::move(value)] { return *v; };

  UniqueFunction<int()> g = std::move(f);

  EXPECT_FALSE(f);  // NOLINT(bugprone-use-after-move): this is what the test is about
  EXPECT_EQ(g(), 5);
}

TEST(UniqueFunction, TakesArgumentsThatOnlyMove) {
  UniqueFunction<int(std::unique_ptr<int>)> f = [](std::unique_ptr<int> p) { return *p; };

  EXPECT_EQ(f(std::make_unique<int>(9)), 9);
}

TEST(UniqueFunction, KeepsItsStateBetweenCalls) {
  UniqueFunction<int()> next = [n = 0]() mutable { return ++n; };

  next();

  EXPECT_EQ(next(), 2);
}

TEST(UniqueFunction, ReleasesWhatItCapturedWhenReplaced) {
  auto value = std::make_shared<int>(1);
  UniqueFunction<void()> f = [value] {};
  ASSERT_EQ(value.use_count(), 2);

  f = nullptr;

  EXPECT_EQ(value.use_count(), 1);
}

TEST(UniqueFunctionDeathTest, AbortsWhenItIsCalledEmpty) {
  UniqueFunction<void()> none;

  EXPECT_DEATH(none(), "invariant broken");
}
}  // namespace
}  // namespace heddle
