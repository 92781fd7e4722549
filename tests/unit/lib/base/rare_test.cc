#include "lib/base/rare.h"

#include <gtest/gtest.h>

#include <string>

namespace heddle {
namespace {
TEST(Rare, IsTheDefaultUntilGivenAnother) {
  Rare<std::string> none;
  Rare<std::string> also_none{std::string()};
  Rare<std::string> some{"x"};

  EXPECT_TRUE(none.is_default());
  EXPECT_TRUE(also_none.is_default());
  EXPECT_EQ(*none, "");
  EXPECT_FALSE(some.is_default());
  EXPECT_EQ(*some, "x");
  EXPECT_EQ(some->size(), 1U);
}

TEST(Rare, ComparesByValueAndSharesWhatItHolds) {
  Rare<std::string> some{"x"};
  Rare<std::string> copy = some;

  EXPECT_EQ(some, Rare<std::string>{"x"});
  EXPECT_NE(some, Rare<std::string>{"y"});
  EXPECT_NE(some, Rare<std::string>());
  EXPECT_EQ(&*copy, &*some);
}
}  // namespace
}  // namespace heddle
