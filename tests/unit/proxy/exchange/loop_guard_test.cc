#include "proxy/exchange/loop_guard.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
class LoopGuardTest : public testing::Test {
 protected:
  BlockPool pool;
  HeaderMap fields{pool};
  LoopGuard guard{0x0123456789abcdefU};
};

TEST_F(LoopGuardTest, MarksWhatPasses) {
  guard.mark(fields);

  EXPECT_EQ(fields.get("heddle-via"), "0123456789abcdef");
}

TEST_F(LoopGuardTest, RefusesTheSixthPass) {
  for (size_t i = 0; i < LoopGuard::kMostPasses; ++i) {
    ASSERT_TRUE(guard.check(fields));
    guard.mark(fields);
  }

  auto sixth = guard.check(fields);

  ASSERT_FALSE(sixth);
  EXPECT_EQ(sixth.error().reason, Reason::kLoopDetected);
  EXPECT_EQ(fields.count(HeaderName::kHeddleVia), LoopGuard::kMostPasses);
}

TEST_F(LoopGuardTest, DoesNotCountTheMarksOfOthers) {
  LoopGuard other(1);
  for (size_t i = 0; i < LoopGuard::kMostPasses; ++i) other.mark(fields);

  EXPECT_TRUE(guard.check(fields));
}
}  // namespace
}  // namespace heddle
