#include "proxy/resilience/rate_buckets.h"

#include <gtest/gtest.h>

#include "proxy/resilience/rate_tables.h"
#include "tests/support/allocation_counter.h"
#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
using Keyed = RateBuckets::Keyed;
constexpr MonoTime kStart(1000s);

// How many of `tries` are let through.
int taken(RateBuckets& buckets, RateKey key, MonoTime now, int tries = 100) {
  int out = 0;
  for (int i = 0; i < tries; ++i) out += buckets.take(key, now) ? 1 : 0;
  return out;
}
RateKey key_of(uint64_t value) { return {value, 0}; }

TEST(RateBuckets, StartFullAndGiveTheBurstAtOnce) {
  RateBuckets buckets(RateShape::of(5, 1s, 8), Keyed::kNo);

  EXPECT_EQ(taken(buckets, {}, kStart), 8);
}

TEST(RateBuckets, RefillOneAfterTheOther) {
  RateBuckets buckets(RateShape::of(10, 1s, 20), Keyed::kNo);
  taken(buckets, {}, kStart);

  EXPECT_FALSE(buckets.take({}, kStart + 99ms));
  EXPECT_EQ(taken(buckets, {}, kStart + 100ms), 1);
  EXPECT_EQ(taken(buckets, {}, kStart + 400ms), 3);
  EXPECT_EQ(taken(buckets, {}, kStart + 1400ms), 10);
}

TEST(RateBuckets, HoldNoMoreThanTheBurst) {
  RateBuckets buckets(RateShape::of(10, 1s, 3), Keyed::kNo);
  taken(buckets, {}, kStart);

  EXPECT_EQ(taken(buckets, {}, kStart + 1h), 3);
}

TEST(RateBuckets, SayHowLongToWait) {
  RateBuckets buckets(RateShape::of(10, 1s, 1), Keyed::kNo);
  ASSERT_TRUE(buckets.take({}, kStart));

  Duration wait = buckets.take({}, kStart + 30ms).wait;

  EXPECT_EQ(wait, 70ms);
  EXPECT_FALSE(buckets.take({}, kStart + 30ms + wait - Duration(1)));
  EXPECT_TRUE(buckets.take({}, kStart + 30ms + wait));
}

TEST(RateBuckets, ARefusalCostsNothing) {
  RateBuckets buckets(RateShape::of(1, 1s, 1), Keyed::kNo);
  taken(buckets, {}, kStart, 1000);

  EXPECT_TRUE(buckets.take({}, kStart + 1s));
}

TEST(RateBuckets, WhatIsGivenBackCanBeTakenAgain) {
  RateBuckets buckets(RateShape::of(2, 1h, 2), Keyed::kYes);
  RateBuckets::Taken first = buckets.take(key_of(1), kStart);
  ASSERT_TRUE(buckets.take(key_of(1), kStart));

  buckets.give_back(first);

  EXPECT_EQ(taken(buckets, key_of(1), kStart), 1);
}

TEST(RateBuckets, TimeThatIsBehindAddsNothing) {
  RateBuckets buckets(RateShape::of(1, 1s, 2), Keyed::kNo);
  ASSERT_TRUE(buckets.take({}, kStart));

  EXPECT_EQ(taken(buckets, {}, kStart - 10ms), 0) << "of the worker whose turn began earlier";
  EXPECT_EQ(taken(buckets, {}, kStart), 1);
}

TEST(RateBuckets, TheLargestNumbersDoNotOverflow) {
  RateBuckets buckets(RateShape::of(1, 1h, 1'000'000), Keyed::kNo);

  EXPECT_EQ(taken(buckets, {}, MonoTime(24h * 3650), 1'000'001), 1'000'000);
}

TEST(RateBuckets, EachKeyHasItsOwn) {
  RateBuckets buckets(RateShape::of(3, 1h, 3), Keyed::kYes);

  EXPECT_EQ(taken(buckets, key_of(7), kStart), 3);
  EXPECT_EQ(taken(buckets, key_of(8), kStart), 3);
  EXPECT_EQ(taken(buckets, key_of(0), kStart), 3) << "no hash is special";
  EXPECT_EQ(taken(buckets, key_of(7), kStart), 0);
}

TEST(RateBuckets, TakingAllocatesNothing) {
  RateBuckets buckets(RateShape::of(1, 1s, 1), Keyed::kYes);
  SeededRandom random(1);
  AllocationCounter allocations;

  for (int i = 0; i < 100'000; ++i) static_cast<void>(buckets.take(key_of(random.next()), kStart));

  EXPECT_EQ(allocations.count(), 0U);
}

// Of as many keys at once each has a bucket of its own.
TEST(RateBuckets, ThousandsOfKeysDoNotMeet) {
  RateBuckets buckets(RateShape::of(1, 1h, 1), Keyed::kYes);
  SeededRandom random(2);

  size_t refused = 0;
  for (size_t i = 0; i < 10'000; ++i) refused += buckets.take({random.next(), i}, kStart) ? 0 : 1;

  EXPECT_EQ(refused, 0U);
}

// Who sends a new key with each request gets a place while there are some, and then nothing; what others owe stays.
TEST(RateBuckets, MadeUpKeysForgiveNobodysDebt) {
  RateBuckets buckets(RateShape::of(1, 1h, 1), Keyed::kYes);
  SeededRandom random(3);
  const RateKey debtor{random.next(), 1};
  ASSERT_TRUE(buckets.take(debtor, kStart));

  size_t passed = 0;
  for (int i = 0; i < 1'000'000; ++i) passed += buckets.take({random.next(), 2}, kStart) ? 1 : 0;

  EXPECT_FALSE(buckets.take(debtor, kStart));
  EXPECT_FALSE(buckets.take(debtor, kStart + 1h - Duration(1)));
  EXPECT_TRUE(buckets.take(debtor, kStart + 1h));
  EXPECT_LE(passed, RateBuckets::kPlaces + 1) << "a place for each, and one shared bucket";
}

TEST(RateBuckets, WhoMakesUpKeysIsInHisOwnWay) {
  RateBuckets buckets(RateShape::of(1, 1h, 1), Keyed::kYes);
  SeededRandom random(4);
  for (int i = 0; i < 1'000'000; ++i) static_cast<void>(buckets.take({random.next(), 2}, kStart));

  EXPECT_FALSE(buckets.take({random.next(), 2}, kStart));
  EXPECT_TRUE(buckets.take({random.next(), 3}, kStart)) << "another caller's share";
}

TEST(RateBuckets, PlacesOfFullBucketsAreUsedAgain) {
  RateBuckets buckets(RateShape::of(1, 1s, 1), Keyed::kYes);
  SeededRandom random(5);
  for (int i = 0; i < 1'000'000; ++i) static_cast<void>(buckets.take({random.next(), 2}, kStart));

  size_t refused = 0;
  for (int i = 0; i < 8'000; ++i) refused += buckets.take({random.next(), 2}, kStart + 1s) ? 0 : 1;

  EXPECT_EQ(refused, 0U);
}

TEST(RateTables, AnUnchangedLimitKeepsItsBuckets) {
  RateTables tables({1, 2});
  RateShape shape = RateShape::of(1, 1h, 1);
  auto first = tables.get("a", shape, Keyed::kNo);
  ASSERT_TRUE(first->take({}, kStart));

  auto again = tables.get("a", shape, Keyed::kNo);
  first.reset();

  EXPECT_FALSE(again->take({}, kStart));
  EXPECT_TRUE(tables.get("b", shape, Keyed::kNo)->take({}, kStart));
}

TEST(RateTables, ForgetWhatNobodyUses) {
  RateTables tables({1, 2});
  RateShape shape = RateShape::of(1, 1h, 1);
  static_cast<void>(tables.get("a", shape, Keyed::kNo)->take({}, kStart));

  auto other = tables.get("b", shape, Keyed::kNo);

  EXPECT_EQ(tables.size(), 1U);
  EXPECT_TRUE(tables.get("a", shape, Keyed::kNo)->take({}, kStart)) << "full again";
}
}  // namespace
}  // namespace heddle
