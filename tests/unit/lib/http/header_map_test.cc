#include <gtest/gtest.h>

#include <array>

#include "lib/http/head.h"

namespace heddle {
namespace {
class HeaderMapTest : public testing::Test {
 protected:
  BlockPool pool_;
  HeaderMap fields_{pool_};
};

TEST_F(HeaderMapTest, AValueMayComeInPieces) {
  std::array<std::string_view, 3> pieces = {"a=", "", "b"};

  ASSERT_TRUE(fields_.add(HeaderName::kVia, pieces));

  EXPECT_EQ(fields_.get(HeaderName::kVia), "a=b");
  EXPECT_EQ(fields_.list_size(), 3U + 3U + 32U);
}

TEST_F(HeaderMapTest, PiecesMayBeViewsOfAMapThatOutgrowsItsBlock) {
  ASSERT_TRUE(fields_.add("x", std::string(1'900, 'x')));
  std::string_view old = *fields_.get("x");
  std::array<std::string_view, 2> pieces = {old, old};

  ASSERT_TRUE(fields_.add(HeaderName::kVia, pieces));

  EXPECT_EQ(fields_.get(HeaderName::kVia), std::string(3'800, 'x'));
}

TEST_F(HeaderMapTest, PiecesThatDoNotFitTogetherAddNothing) {
  std::string large(40'000, 'x');
  std::array<std::string_view, 2> pieces = {large, large};

  EXPECT_FALSE(fields_.add(HeaderName::kVia, pieces));

  EXPECT_TRUE(fields_.empty());
}
}  // namespace
}  // namespace heddle
