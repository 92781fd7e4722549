#include "lib/http/cookie.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
TEST(FindCookie, ReadsPairs) {
  EXPECT_EQ(find_cookie("a=1;b = 2 ; c=3=4", "b"), "2");
  EXPECT_EQ(find_cookie("a=1;b = 2 ; c=3=4", "c"), "3=4");
  EXPECT_EQ(find_cookie("a=1;;b=2", "b"), "2");
  EXPECT_EQ(find_cookie("a=\"1\"", "a"), "\"1\"");
  EXPECT_EQ(find_cookie("a=1; a=2", "a"), "1");
  EXPECT_EQ(find_cookie("a", "a"), std::nullopt);
  EXPECT_EQ(find_cookie("", "a"), std::nullopt);
  EXPECT_EQ(find_cookie(";", ""), std::nullopt);
}

TEST(FindCookie, LooksIntoEveryLine) {
  BlockPool blocks;
  HeaderMap fields(blocks);
  ASSERT_TRUE(fields.add("cookie", "a=1; b=2"));
  ASSERT_TRUE(fields.add("x-cookie", "c=9"));
  ASSERT_TRUE(fields.add("cookie", "b=3; c=4"));

  EXPECT_EQ(find_cookie(fields, "b"), "2");
  EXPECT_EQ(find_cookie(fields, "c"), "4");
  EXPECT_EQ(find_cookie(fields, "d"), std::nullopt);
}
}  // namespace
}  // namespace heddle
