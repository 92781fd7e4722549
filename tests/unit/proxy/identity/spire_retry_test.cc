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

TEST_F(SpireRetryTest, ARefusedFirstMessageWaitsLikeAnAgentThatIsAway) {
  std::vector<long> waits;
  for (int i = 0; i < 3; ++i)
    waits.push_back(std::lround(std::chrono::duration<double>(retry.after_refused()).count()));

  EXPECT_EQ(waits, (std::vector<long>{1, 2, 3}));
  EXPECT_EQ(fails(), 4);
  retry.on_good_message();
  EXPECT_EQ(std::lround(std::chrono::duration<double>(retry.after_refused()).count()), 1);
}

class SpireStreamTest : public testing::Test {
 protected:
  // One message arrives and is judged.
  bool is_useless_after(bool is_good, bool more_is_here = false) {
    stream.on_message(now);
    return stream.is_useless_after(is_good, stream.number(), more_is_here);
  }
  MonoTime now{1h};
  SpireStream stream;
};

TEST_F(SpireStreamTest, IsUselessWhenItsFirstMessageIsRefused) {
  stream.begin();

  EXPECT_TRUE(is_useless_after(false));
}

TEST_F(SpireStreamTest, OnceItWasGoodItStaysWhateverItSays) {
  stream.begin();

  EXPECT_FALSE(is_useless_after(true));
  EXPECT_FALSE(is_useless_after(false));
  EXPECT_FALSE(is_useless_after(false));
}

TEST_F(SpireStreamTest, EachStreamBeginsWithNothingGood) {
  stream.begin();
  EXPECT_FALSE(is_useless_after(true));
  stream.end();

  stream.begin();

  EXPECT_TRUE(is_useless_after(false));
}

TEST_F(SpireStreamTest, AMessageThatMendsTheFirstSavesIt) {
  stream.begin();

  EXPECT_FALSE(is_useless_after(false, true)) << "the next one is here and not read yet";
  EXPECT_FALSE(is_useless_after(true));
}

TEST_F(SpireStreamTest, AMessageOfAnEarlierStreamSaysNothingAboutThis) {
  stream.begin();
  stream.on_message(now);
  uint64_t first = stream.number();
  stream.end();
  EXPECT_FALSE(stream.is_useless_after(false, first, false)) << "it has ended already";
  stream.begin();

  EXPECT_FALSE(stream.is_useless_after(false, first, false));
  EXPECT_FALSE(stream.is_useless_after(true, first, false));
  EXPECT_TRUE(is_useless_after(false)) << "the earlier one's was good";
}

TEST_F(SpireStreamTest, ServesSinceItsFirstMessage) {
  stream.begin();
  EXPECT_EQ(stream.served(now), Duration{});
  stream.on_message(now);
  now = now + 5s;
  stream.on_message(now);

  EXPECT_EQ(stream.served(now + 1s), 6s);
  stream.begin();
  EXPECT_EQ(stream.served(now), Duration{});
}
}  // namespace
}  // namespace heddle
