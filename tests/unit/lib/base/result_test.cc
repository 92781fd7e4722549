#include "lib/base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace heddle {
namespace {
Result<int> half(int n) {
  if (n % 2 != 0) return make_error(Reason::kConfigInvalid, "odd");
  return n / 2;
}

Result<std::string> quarter_text(int n) {
  HEDDLE_TRY(int once, half(n));
  HEDDLE_TRY(int twice, half(once));
  return std::to_string(twice);
}

Result<void> check_even(int n) {
  HEDDLE_CHECK_OK(half(n));
  return {};
}

TEST(Result, HoldsAValueOrAnError) {
  EXPECT_TRUE(half(4));
  EXPECT_EQ(*half(4), 2);
  EXPECT_FALSE(half(3));
  EXPECT_EQ(half(3).error().detail, "odd");
}

TEST(Result, TryBindsTheValue) { EXPECT_EQ(*quarter_text(8), "2"); }

TEST(Result, TryReturnsTheFirstError) {
  EXPECT_EQ(quarter_text(7).error().detail, "odd");
  EXPECT_EQ(quarter_text(6).error().reason, Reason::kConfigInvalid);
}

TEST(Result, CheckOkReturnsTheError) {
  EXPECT_TRUE(check_even(2));
  EXPECT_EQ(check_even(3).error().detail, "odd");
}

TEST(Result, MovesValuesThatOnlyMove) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(3);

  std::unique_ptr<int> value = *std::move(result);

  EXPECT_EQ(*value, 3);
}

TEST(Result, ConvertsToItsValueType) {
  Result<std::string> result = "text";

  EXPECT_EQ(result->size(), 4U);
}

TEST(Result, ValueOrGivesTheOtherOnError) {
  EXPECT_EQ(half(4).value_or(9), 2);
  EXPECT_EQ(half(3).value_or(9), 9);
}

TEST(Result, AndThenStopsAtTheFirstError) {
  EXPECT_EQ(*half(8).and_then(half), 2);
  EXPECT_FALSE(half(6).and_then(half));
  EXPECT_FALSE(half(3).and_then(half));
}

TEST(Result, TransformKeepsTheError) {
  EXPECT_EQ(*half(8).transform([](int n) { return std::to_string(n); }), "4");
  EXPECT_EQ(half(3).transform([](int n) { return n + 1; }).error().detail, "odd");
}

TEST(ResultDeathTest, AbortsWhenAValueIsReadFromAnError) {
  EXPECT_DEATH((void)*half(3), "invariant broken");
  EXPECT_DEATH((void)half(4).error(), "invariant broken");
}
}  // namespace
}  // namespace heddle
