// Which tries are followed by another, after how long, and how many a backend set gets.
#include <gtest/gtest.h>

#include "proxy/resilience/retry_budget.h"
#include "proxy/resilience/retry_policy.h"
#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
RetrySpec spec_of(uint8_t attempts, Duration backoff = 25ms) {
  RetrySpec out;
  out.attempts = attempts;
  out.backoff = backoff;
  out.add_code(503);
  return out;
}

constexpr RetryFacts kNeverProcessed{1, false, false};
constexpr RetryFacts kProcessedGet{1, true, true};
constexpr RetryFacts kProcessedPost{1, false, true};

TEST(RetryPolicy, WhatWasNeverProcessedIsTriedThreeTimesWithoutAPolicy) {
  for (bool idempotent : {false, true}) {
    EXPECT_TRUE(may_retry_failure(nullptr, Reason::kUpstreamConnectRefused, {1, idempotent, false}));
    EXPECT_TRUE(may_retry_failure(nullptr, Reason::kUpstreamRefusedStream, {2, idempotent, false}));
    EXPECT_FALSE(may_retry_failure(nullptr, Reason::kUpstreamConnectRefused, {3, idempotent, false}));
    EXPECT_FALSE(may_retry_failure(nullptr, Reason::kUpstreamReset, {1, idempotent, true}));
  }
}

TEST(RetryPolicy, APolicyWithFewerAttemptsTakesNothingAway) {
  RetrySpec one = spec_of(1);
  EXPECT_TRUE(may_retry_failure(&one, Reason::kUpstreamConnectRefused, {2, false, false}));
  RetrySpec many = spec_of(5);
  EXPECT_TRUE(may_retry_failure(&many, Reason::kUpstreamConnectRefused, {5, false, false}));
  EXPECT_FALSE(may_retry_failure(&many, Reason::kUpstreamConnectRefused, {6, false, false}));
}

TEST(RetryPolicy, WhatMayHaveBeenProcessedIsRepeatedOnlyIfItIsIdempotent) {
  RetrySpec spec = spec_of(2);
  for (Reason reason : {Reason::kUpstreamReset, Reason::kUpstreamClosed, Reason::kUpstreamHeadTimeout,
                        Reason::kUpstreamConnectRefused}) {
    EXPECT_TRUE(may_retry_failure(&spec, reason, kProcessedGet)) << info(reason).name;
    EXPECT_FALSE(may_retry_failure(&spec, reason, kProcessedPost)) << info(reason).name;
  }
  EXPECT_TRUE(may_retry_answer(spec, {503}, kProcessedGet));
  EXPECT_FALSE(may_retry_answer(spec, {503}, kProcessedPost));
}

TEST(RetryPolicy, WhatAnotherEndpointWouldNotMendIsNeverRepeated) {
  RetrySpec spec = spec_of(5);
  for (Reason reason : {Reason::kUpstreamProtocolError, Reason::kNoHealthyEndpoint, Reason::kRequestOverflow,
                        Reason::kAuthzDenied, Reason::kRequestTimeout, Reason::kPendingTimeout}) {
    EXPECT_FALSE(may_retry_failure(&spec, reason, kProcessedGet)) << info(reason).name;
    EXPECT_FALSE(may_retry_failure(&spec, reason, kNeverProcessed)) << info(reason).name;
  }
}

TEST(RetryPolicy, AnswersAreRepeatedByTheirCodeAndAsOftenAsItSays) {
  RetrySpec spec = spec_of(2);

  EXPECT_FALSE(may_retry_answer(spec, {500}, kProcessedGet));
  EXPECT_FALSE(may_retry_answer(spec, {200}, kProcessedGet));
  EXPECT_TRUE(may_retry_answer(spec, {503}, {2, true, true}));
  EXPECT_FALSE(may_retry_answer(spec, {503}, {3, true, true}));
}

TEST(RetryPolicy, AnAuthorMayTakeTheRiskForOtherMethods) {
  RetrySpec spec = spec_of(2);
  spec.any_method = true;

  EXPECT_TRUE(may_retry_answer(spec, {503}, kProcessedPost));
  EXPECT_TRUE(may_retry_failure(&spec, Reason::kUpstreamReset, kProcessedPost));
  EXPECT_FALSE(may_retry_failure(&spec, Reason::kUpstreamProtocolError, kProcessedPost));
}

TEST(RetryPolicy, StatusesOfGrpcAreRepeatedByTheirName) {
  RetrySpec spec = spec_of(2);
  spec.grpc.set(14);

  EXPECT_TRUE(may_retry_answer(spec, {200, 14}, kProcessedPost));
  EXPECT_FALSE(may_retry_answer(spec, {200, 14}, {3, false, true}));
  for (unsigned other : {0U, 1U, 8U, 13U, 16U, 17U, 4000U}) {
    EXPECT_FALSE(may_retry_answer(spec, {200, other}, kProcessedPost)) << other;
  }
}

TEST(RetryPolicy, WaitsAtLeastTheBackoffAndDoublesIt) {
  SeededRandom random;
  RetrySpec spec = spec_of(10, 100ms);
  for (size_t tries = 1; tries <= 10; ++tries) {
    Duration least = std::min<Duration>(100ms * (1 << (tries - 1)), kMaxRetryBackoff);
    Duration least_seen = 1h;
    Duration most_seen{};
    for (int i = 0; i < 200; ++i) {
      Duration wait = retry_backoff(&spec, {tries, true, true}, random);
      least_seen = std::min(least_seen, wait);
      most_seen = std::max(most_seen, wait);
    }
    EXPECT_GE(least_seen, least) << tries;
    EXPECT_LE(most_seen, least + least / 2) << tries;
    EXPECT_GT(most_seen - least_seen, least / 4) << tries << ": nobody is to come in step with others";
  }
}

TEST(RetryPolicy, DoesNotWaitForWhatNobodyHasSeen) {
  SeededRandom random;
  RetrySpec spec = spec_of(3);

  EXPECT_EQ(retry_backoff(nullptr, kNeverProcessed, random), Duration{});
  EXPECT_EQ(retry_backoff(&spec, kNeverProcessed, random), Duration{});
}

TEST(RetryPolicy, HonoursWhatTheEndpointAsksFor) {
  SeededRandom random;
  RetrySpec spec = spec_of(3);
  auto wait = [&](const RetryAnswer& answer) { return retry_wait(spec, answer, kProcessedGet, random); };

  EXPECT_EQ(wait({503, {}, "2", {}}), 2s);
  EXPECT_EQ(wait({503, {}, "10", {}}), 10s);
  EXPECT_EQ(wait({503, {}, {}, "1500"}), 1500ms);
  EXPECT_EQ(wait({503, {}, "9", "1500"}), 1500ms) << "the application's own word";
  EXPECT_GE(wait({503, {}, "0", {}}), 25ms);
  EXPECT_GE(wait({503, {}, {}, {}}), 25ms);
}

TEST(RetryPolicy, DoesNotTryAgainWhenAskedNotTo) {
  SeededRandom random;
  RetrySpec spec = spec_of(3);
  auto wait = [&](const RetryAnswer& answer) { return retry_wait(spec, answer, kProcessedGet, random); };

  for (std::string_view after :
       {"11", "-1", "soon", "", "Fri, 31 Dec 1999 23:59:59 GMT", "99999999999999999999", "1s"}) {
    EXPECT_EQ(wait({503, {}, after, {}}), std::nullopt) << after;
  }
  for (std::string_view pushback : {"-1", "10001", "x", ""}) EXPECT_EQ(wait({503, {}, {}, pushback}), std::nullopt);
}

// --- the budget ---

constexpr MonoTime kStart{100s};

int withdrawn(RetryBudget& budget, MonoTime now, int wanted) {
  int out = 0;
  for (int i = 0; i < wanted; ++i) out += budget.withdraw(now) ? 1 : 0;
  return out;
}

TEST(RetryBudget, AlwaysGivesAFew) {
  RetryBudget budget({20, 10});

  EXPECT_EQ(withdrawn(budget, kStart, 1000), 100);  // ten a second, of ten seconds
}

TEST(RetryBudget, IsAShareOfTheRequests) {
  RetryBudget budget({20, 1});
  for (int i = 0; i < 1000; ++i) budget.deposit(kStart);

  EXPECT_EQ(withdrawn(budget, kStart, 1000), 200);
}

TEST(RetryBudget, ForgetsWhatIsTenSecondsAgo) {
  RetryBudget budget({20, 1});
  for (int i = 0; i < 1000; ++i) budget.deposit(kStart);
  EXPECT_EQ(withdrawn(budget, kStart, 150), 150);

  EXPECT_EQ(withdrawn(budget, kStart + 9s, 1000), 50);
  EXPECT_EQ(withdrawn(budget, kStart + 10s, 1000), 0) << "the requests are forgotten, 50 retries are not";
  EXPECT_EQ(withdrawn(budget, kStart + 19s, 1000), 10);
  EXPECT_EQ(withdrawn(budget, kStart + 1000s, 1000), 10);
}

TEST(RetryBudget, HoldsUnderASteadyFailure) {
  RetryBudget budget({20, 10});
  int retries = 0;
  for (int ms = 0; ms < 60'000; ++ms) {
    MonoTime now = kStart + ms * 1ms;
    budget.deposit(now);
    retries += budget.withdraw(now) ? 1 : 0;
  }

  EXPECT_LE(retries, 60'000 * 20 / 100 + 200);
  EXPECT_GE(retries, 60'000 * 18 / 100);
}

TEST(RetryBudget, IsSharedByTheWorkers) {
  EXPECT_EQ((RetryBudgetSpec{20, 10}.share(4)), (RetryBudgetSpec{20, 3}));
  EXPECT_EQ((RetryBudgetSpec{20, 10}.share(1)), (RetryBudgetSpec{20, 10}));
}
}  // namespace
}  // namespace heddle
