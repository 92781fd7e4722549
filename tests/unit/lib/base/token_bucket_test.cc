#include "lib/base/token_bucket.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
constexpr MonoTime kStart(100s);

int take_all(TokenBucket& bucket, MonoTime now) {
  int taken = 0;
  while (bucket.take(now)) ++taken;
  return taken;
}

TEST(TokenBucket, AllowsTheBurstAndThenTheRate) {
  TokenBucket bucket(10, 5, kStart);

  EXPECT_EQ(take_all(bucket, kStart), 5);
  EXPECT_EQ(take_all(bucket, kStart + 300ms), 3);
}

TEST(TokenBucket, NeverSavesMoreThanTheBurst) {
  TokenBucket bucket(10, 5, kStart);

  EXPECT_EQ(take_all(bucket, kStart + 1h), 5);
  EXPECT_FALSE(bucket.is_full(kStart + 1h));
  EXPECT_TRUE(bucket.is_full(kStart + 2h));
}

TEST(TokenBucket, SaysWhenTheNextIsThere) {
  TokenBucket bucket(10, 1, kStart);
  EXPECT_EQ(bucket.until_next(kStart), Duration(0));
  EXPECT_TRUE(bucket.take(kStart));

  Duration wait = bucket.until_next(kStart);

  EXPECT_FALSE(bucket.take(kStart + wait - 1ms));
  EXPECT_TRUE(bucket.take(kStart + wait));
}

TEST(TokenBucket, TimeThatGoesBackGivesNothing) {
  TokenBucket bucket(10, 1, kStart);
  EXPECT_TRUE(bucket.take(kStart));

  EXPECT_FALSE(bucket.take(kStart - 10s));
  EXPECT_FALSE(bucket.take(kStart));
}
}  // namespace
}  // namespace heddle
