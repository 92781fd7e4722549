#include "lib/base/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
class FixedRandom final : public Random {
 public:
  explicit FixedRandom(uint64_t value) : value_(value) {}
  uint64_t next() override { return value_; }

 private:
  uint64_t value_;
};

TEST(Random, BelowStaysBelow) {
  SeededRandom random;
  uint64_t largest = 0;

  for (int i = 0; i < 10'000; ++i) largest = std::max(largest, random.below(7));

  EXPECT_EQ(largest, 6U);
}

TEST(Random, BelowIsUniform) {
  SeededRandom random;
  std::array<int, 5> hits{};

  for (int i = 0; i < 100'000; ++i) ++hits[random.below(5)];

  EXPECT_GT(*std::min_element(hits.begin(), hits.end()), 19'600);
  EXPECT_LT(*std::max_element(hits.begin(), hits.end()), 20'400);
}

TEST(Random, BelowOneOrNothingIsZero) {
  SeededRandom random;

  EXPECT_EQ(random.below(0), 0U);
  EXPECT_EQ(random.below(1), 0U);
}

TEST(Random, BelowReachesTheTopOfTheRange) {
  FixedRandom top(UINT64_MAX);

  EXPECT_EQ(top.below(10), 9U);
  EXPECT_EQ(top.below(UINT64_MAX), UINT64_MAX - 1);
}

TEST(Random, UnitIsBelowOne) {
  EXPECT_EQ(FixedRandom(0).unit(), 0.0);
  EXPECT_LT(FixedRandom(UINT64_MAX).unit(), 1.0);
}

TEST(Random, JitterStaysWithinItsPart) {
  EXPECT_EQ(FixedRandom(0).jitter(10s, 0.2), 8s);
  EXPECT_LE(FixedRandom(UINT64_MAX).jitter(10s, 0.2), 12s);
  EXPECT_GT(FixedRandom(UINT64_MAX).jitter(10s, 0.2), 11999ms);
  EXPECT_EQ(FixedRandom(12345).jitter(10s, 0), 10s);
}

TEST(SystemRandom, DiffersFromOneToTheNext) {
  SystemRandom a;
  SystemRandom b;

  EXPECT_NE(a.next(), b.next());
  EXPECT_NE(a.next(), a.next());
}

TEST(SecureRandom, FillsEveryByte) {
  std::array<std::byte, 64> a{};
  std::array<std::byte, 64> b{};

  secure_random(a);
  secure_random(b);

  EXPECT_NE(a, b);
  EXPECT_LT(std::count(a.begin(), a.end(), std::byte{0}), 16);
}

TEST(SeededRandom, RepeatsItselfForTheSameSeed) {
  SeededRandom a(42);
  SeededRandom b(42);
  SeededRandom c(43);
  uint64_t first = a.next();

  EXPECT_EQ(b.next(), first);
  EXPECT_NE(c.next(), first);
}
}  // namespace
}  // namespace heddle
