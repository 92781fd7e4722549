#include "lib/base/backoff.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
// unit() == 0.5, so that jitter() answers the mean; or any other fixed place.
class FixedRandom final : public Random {
 public:
  explicit FixedRandom(double unit) : value_(static_cast<uint64_t>(unit * 0x1.0p53) << 11) {}
  uint64_t next() override { return value_; }

 private:
  uint64_t value_;
};

TEST(Backoff, GrowsByTheFactorUntilTheCap) {
  FixedRandom middle(0.5);
  Backoff backoff(middle);

  EXPECT_EQ(backoff.next(), 1s);
  EXPECT_EQ(backoff.next(), 1600ms);
  EXPECT_EQ(backoff.next(), 2560ms);
  for (int i = 0; i < 20; ++i) (void)backoff.next();

  EXPECT_EQ(backoff.next(), 120s);
}

TEST(Backoff, JittersAroundTheStep) {
  FixedRandom low(0.0);
  FixedRandom high(0.999999);

  EXPECT_EQ(Backoff(low).next(), 800ms);
  EXPECT_NEAR(std::chrono::duration<double>(Backoff(high).next()).count(), 1.2, 0.001);
}

TEST(Backoff, StartsAgainAfterReset) {
  FixedRandom middle(0.5);
  Backoff backoff(middle, {.first = 100ms, .factor = 2, .jitter = 0, .cap = 1s});

  (void)backoff.next();
  (void)backoff.next();
  backoff.reset();

  EXPECT_EQ(backoff.next(), 100ms);
}

TEST(Backoff, NeverExceedsACapBelowTheFirstStep) {
  FixedRandom middle(0.5);
  Backoff backoff(middle, {.first = 10s, .factor = 2, .jitter = 0, .cap = 1s});

  EXPECT_EQ(backoff.next(), 1s);
}
}  // namespace
}  // namespace heddle
