#include "proxy/identity/spire_retry.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
class SpireRetryTest : public testing::Test {
 protected:
  // In seconds, the jitter rounded away.
  long fails(GrpcStatus status = GrpcStatus::kUnavailable, Duration served = {}) {
    double seconds = std::chrono::duration<double>(retry.after(status, served)).count();
    return std::lround(seconds);
  }
  SeededRandom random{7};
  SpireRetry retry{random};
};

TEST_F(SpireRetryTest, WaitsASecondLongerEachTimeUpToThirty) {
  SpireRetry exact(random);
  Duration last{};
  for (int i = 1; i <= 40; ++i) {
    Duration step = std::min<Duration>(i * 1s, 30s);
    last = exact.after(GrpcStatus::kUnavailable, {});
    EXPECT_GE(last, step * 9 / 10) << i;
    EXPECT_LE(last, step * 11 / 10) << i;
  }
}

TEST_F(SpireRetryTest, BeginsAgainAfterAGoodMessage) {
  for (int i = 0; i < 10; ++i) fails();

  retry.on_good_message();

  EXPECT_EQ(fails(), 1);
}

TEST_F(SpireRetryTest, OpensAnewAtOnceWhatServedForAWhile) {
  retry.on_good_message();
  EXPECT_EQ(retry.after(GrpcStatus::kOk, SpireRetry::kServedWell), Duration{});
  EXPECT_EQ(retry.after(GrpcStatus::kUnavailable, SpireRetry::kServedWell), Duration{});

  EXPECT_EQ(fails(GrpcStatus::kOk, SpireRetry::kServedWell - 1ms), 1);
}

TEST_F(SpireRetryTest, DoesNotHurryAfterBadMessagesHoweverLongTheStreamWas) {
  EXPECT_EQ(fails(), 1);

  EXPECT_EQ(fails(GrpcStatus::kUnavailable, 1h), 2);
}

TEST_F(SpireRetryTest, PausesWhenAskingAgainIsOfNoUse) {
  Duration pause = retry.after(GrpcStatus::kInvalidArgument, 1h);

  EXPECT_GE(pause, SpireRetry::kRefusedPause * 9 / 10);
}
}  // namespace
}  // namespace heddle
