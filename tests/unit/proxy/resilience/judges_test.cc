// The small pure judges: HealthTracker, PeakEwma, CircuitBreaker.
#include <gtest/gtest.h>

#include "proxy/resilience/circuit_breaker.h"
#include "proxy/resilience/ewma.h"
#include "proxy/resilience/health_tracker.h"

namespace heddle {
namespace {
using enum CheckVerdict;

TEST(HealthTracker, GoesDownAfterFailuresInARow) {
  HealthTracker tracker({.unhealthy = 3, .healthy = 2});

  EXPECT_EQ(tracker.record(kFailed), std::nullopt);
  EXPECT_EQ(tracker.record(kFailed), std::nullopt);
  EXPECT_EQ(tracker.record(kFailed), Transition::kWentDown);
  EXPECT_EQ(tracker.record(kFailed), std::nullopt);

  EXPECT_FALSE(tracker.is_up());
}

TEST(HealthTracker, ForgetsFailuresWhenACheckPasses) {
  HealthTracker tracker({.unhealthy = 2, .healthy = 1});

  EXPECT_EQ(tracker.record(kFailed), std::nullopt);
  EXPECT_EQ(tracker.record(kPassed), std::nullopt);
  EXPECT_EQ(tracker.record(kFailed), std::nullopt);

  EXPECT_TRUE(tracker.is_up());
}

TEST(HealthTracker, ComesUpAfterPassesInARow) {
  HealthTracker tracker({.unhealthy = 1, .healthy = 2});
  EXPECT_EQ(tracker.record(kFailed), Transition::kWentDown);

  EXPECT_EQ(tracker.record(kPassed), std::nullopt);
  EXPECT_EQ(tracker.record(kFailed), std::nullopt);
  EXPECT_EQ(tracker.record(kPassed), std::nullopt);
  EXPECT_EQ(tracker.record(kPassed), Transition::kCameUp);
}

TEST(HealthTracker, TakesAThresholdOfZeroForOne) {
  HealthTracker tracker({.unhealthy = 0, .healthy = 0});

  EXPECT_EQ(tracker.record(kFailed), Transition::kWentDown);
  EXPECT_EQ(tracker.record(kPassed), Transition::kCameUp);
}

TEST(PeakEwma, JumpsToASlowerSampleAtOnce) {
  PeakEwma ewma;
  ewma.add(1ms, MonoTime(0s));

  ewma.add(50ms, MonoTime(1s));

  EXPECT_EQ(ewma.value_at(MonoTime(1s)), Duration(50ms));
}

TEST(PeakEwma, SinksSlowlyUnderFasterSamples) {
  PeakEwma ewma(10s);
  ewma.add(100ms, MonoTime(0s));

  ewma.add(1ms, MonoTime(100ms));
  EXPECT_GT(ewma.value_at(MonoTime(100ms)), 95ms);
  for (int i = 1; i <= 600; ++i) ewma.add(1ms, MonoTime(i * 100ms));

  EXPECT_LT(ewma.value_at(MonoTime(60s)), 2ms);
}

TEST(PeakEwma, DecaysInSilence) {
  PeakEwma ewma(10s);
  ewma.add(100ms, MonoTime(0s));

  EXPECT_NEAR(static_cast<double>(ewma.value_at(MonoTime(10s)).count()), 100e6 / 2.718281828, 1e4);
}

TEST(PeakEwma, BearsAClockThatStandsStillAndKnowsWhetherItHasSeenAnything) {
  PeakEwma ewma;
  EXPECT_FALSE(ewma.has_sample());
  EXPECT_EQ(ewma.value_at(MonoTime(5s)), Duration(0));

  ewma.add(-1ms, MonoTime(5s));
  ewma.add(3ms, MonoTime(4s));

  EXPECT_TRUE(ewma.has_sample());
  EXPECT_EQ(ewma.value_at(MonoTime(5s)), Duration(3ms));
}

TEST(CircuitBreaker, GivesPermitsUpToTheLimitAndSaysWhichOneIsReached) {
  CircuitBreaker breaker({.connections = 1, .pending = 2, .requests = 3});
  auto first = breaker.try_acquire(CircuitResource::kPending);
  auto second = breaker.try_acquire(CircuitResource::kPending);

  EXPECT_FALSE(breaker.try_acquire(CircuitResource::kPending));

  EXPECT_EQ(breaker.refused(CircuitResource::kPending), 1U);
  EXPECT_EQ(CircuitBreaker::reason_of(CircuitResource::kPending), Reason::kPendingOverflow);
  EXPECT_TRUE(breaker.try_acquire(CircuitResource::kConnections)) << "limits are independent";
}

TEST(CircuitBreaker, TakesAPermitBackWhenItIsDestroyed) {
  CircuitBreaker breaker({.connections = 1, .pending = 1, .requests = 1});
  {
    auto permit = breaker.try_acquire(CircuitResource::kRequests);
    auto moved = std::move(*permit);
    EXPECT_TRUE(breaker.is_open(CircuitResource::kRequests));
  }

  EXPECT_EQ(breaker.used(CircuitResource::kRequests), 0U);
  EXPECT_TRUE(breaker.try_acquire(CircuitResource::kRequests));
}

TEST(CircuitBreaker, LowersALimitWithoutTakingPermitsAway) {
  CircuitBreaker breaker({.connections = 2, .pending = 2, .requests = 2});
  auto a = breaker.try_acquire(CircuitResource::kRequests);
  auto b = breaker.try_acquire(CircuitResource::kRequests);

  breaker.set_limits({.connections = 1, .pending = 1, .requests = 1});
  a->release();

  EXPECT_FALSE(breaker.try_acquire(CircuitResource::kRequests));
  EXPECT_EQ(breaker.used(CircuitResource::kRequests), 1U);
}

TEST(CircuitBreaker, CountsWhatMayNotBeRefused) {
  CircuitBreaker breaker({.connections = 1});
  auto first = breaker.acquire(CircuitResource::kConnections);
  auto second = breaker.acquire(CircuitResource::kConnections);

  EXPECT_EQ(breaker.used(CircuitResource::kConnections), 2U);
  EXPECT_FALSE(breaker.try_acquire(CircuitResource::kConnections));
}

TEST(CircuitBreaker, NamesTheLimitAsItIsConfigured) {
  CircuitBreaker breaker({.pending = 7, .retries = 3}, 4);

  EXPECT_EQ(breaker.limit(CircuitResource::kPending), 2U);
  EXPECT_EQ(breaker.note(CircuitResource::kPending).value, 7U);
  EXPECT_EQ(to_text(breaker.note(CircuitResource::kPending).limit), "pendingRequests");
  EXPECT_EQ(breaker.note(CircuitResource::kRetries).value, 3U);
  EXPECT_EQ(to_text(breaker.note(CircuitResource::kRetries).limit), "retries");
}

TEST(CircuitBreaker, SharesLimitsAmongWorkersRoundingUp) {
  CircuitLimits share = CircuitLimits{.connections = 1024, .pending = 3, .requests = 1, .retries = 1}.share(2);

  EXPECT_EQ(share.connections, 512U);
  EXPECT_EQ(share.pending, 2U);
  EXPECT_EQ(share.requests, 1U);
  EXPECT_EQ(share.retries, 1U);
}
}  // namespace
}  // namespace heddle
