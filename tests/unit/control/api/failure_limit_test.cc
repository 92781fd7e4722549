#include "control/api/failure_limit.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
constexpr MonoTime kStart{1000s};

void fail(FailureLimit& limit, const Address& source, int times, MonoTime now = kStart) {
  for (int i = 0; i < times; ++i) limit.note_failure(source, now);
}

TEST(FailureLimit, LetsTenFailuresThroughAndThenOneASecond) {
  FailureLimit limit;
  Address source = Address::loopback(1);
  fail(limit, source, 9);
  EXPECT_TRUE(limit.may_try(source, kStart));

  fail(limit, source, 1);

  EXPECT_FALSE(limit.may_try(source, kStart));
  EXPECT_TRUE(limit.may_try(source, kStart + 1100ms));
}

TEST(FailureLimit, CountsASourceWhateverItsPort) {
  FailureLimit limit;
  fail(limit, Address::loopback(1), 10);

  EXPECT_FALSE(limit.may_try(Address::loopback(2), kStart));
  EXPECT_TRUE(limit.may_try(*Address::parse("127.0.0.2:1"), kStart));
}

TEST(FailureLimit, CountsIpv6ByItsNetwork) {
  FailureLimit limit;
  fail(limit, *Address::parse("[2001:db8::1]:1"), 10);

  EXPECT_FALSE(limit.may_try(*Address::parse("[2001:db8::ffff]:1"), kStart));
  EXPECT_TRUE(limit.may_try(*Address::parse("[2001:db8:0:1::1]:1"), kStart));
}

TEST(FailureLimit, ForgetsWhoDidNotFailLately) {
  FailureLimit limit;
  for (size_t i = 0; i < FailureLimit::kMaxSources; ++i) {
    limit.note_failure(Address::from_ip("10.1." + std::to_string(i / 250) + "." + std::to_string(i % 250), 1).value(),
                       kStart);
  }

  limit.note_failure(Address::loopback(1), kStart + 1min);

  EXPECT_EQ(limit.sources(), 1U);
}

TEST(FailureLimit, StaysBoundedWhenEverybodyFails) {
  FailureLimit limit;
  for (size_t i = 0; i < 2 * FailureLimit::kMaxSources; ++i) {
    limit.note_failure(Address::from_ip("10.1." + std::to_string(i / 250) + "." + std::to_string(i % 250), 1).value(),
                       kStart);
  }

  EXPECT_LE(limit.sources(), FailureLimit::kMaxSources);
}
}  // namespace
}  // namespace heddle
