// Workers that take from the same buckets at once: together they get what one would.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "proxy/resilience/rate_tables.h"
#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
constexpr int kWorkers = 4;
constexpr int kRequests = 20'000;
constexpr MonoTime kNow(1000s);

template <class F>
void on_workers(F work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < kWorkers; ++i) threads.emplace_back(work, i);
  for (std::thread& thread : threads) thread.join();
}

TEST(RateBucketsThreads, AllWorkersTogetherGetTheBurst) {
  RateBuckets buckets(RateShape::of(1, 1h, 30'000), RateBuckets::Keyed::kNo);
  std::atomic<int> passed{0};

  on_workers([&](int) {
    for (int i = 0; i < kRequests; ++i) passed += buckets.take({}, kNow) ? 1 : 0;
  });

  EXPECT_EQ(passed, 30'000);
}

TEST(RateBucketsThreads, WhatIsTakenAndGivenBackIsNeverLost) {
  RateBuckets buckets(RateShape::of(1, 1h, 10), RateBuckets::Keyed::kNo);

  on_workers([&](int) {
    for (int i = 0; i < kRequests; ++i) {
      if (RateBuckets::Taken taken = buckets.take({}, kNow)) buckets.give_back(taken);
    }
  });

  int left = 0;
  for (int i = 0; i < 20; ++i) left += buckets.take({}, kNow) ? 1 : 0;
  EXPECT_EQ(left, 10);
}

// All come with the same new keys in the same order; no place is full again meanwhile.
TEST(RateBucketsThreads, AKeyThatIsNewForAllWorkersHasOneBucket) {
  RateBuckets buckets(RateShape::of(2, 1h, 2), RateBuckets::Keyed::kYes);
  std::atomic<int> passed{0};
  constexpr int kKeys = 5'000;

  on_workers([&](int) {
    SeededRandom random(7);
    for (int i = 0; i < kKeys; ++i) passed += buckets.take({random.next(), 0}, kNow) ? 1 : 0;
  });

  EXPECT_EQ(passed, 2 * kKeys);
}

TEST(RateBucketsThreads, WorkersThatApplyTheSameConfigurationGetTheSameBuckets) {
  RateTables tables({1, 2});
  RateShape shape = RateShape::of(1, 1h, 1);
  std::vector<std::shared_ptr<RateBuckets>> got(kWorkers);

  on_workers([&](int worker) {
    for (int i = 0; i < 1000; ++i) got[static_cast<size_t>(worker)] = tables.get("a", shape, RateBuckets::Keyed::kNo);
  });

  for (const auto& one : got) EXPECT_EQ(one, got.front());
}
}  // namespace
}  // namespace heddle
