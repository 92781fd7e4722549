#include "proxy/watch/address_round.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
class AddressRoundTest : public testing::Test {
 protected:
  static bool is_quick(Duration wait) { return wait >= AddressRound::kQuickFrom && wait < AddressRound::kQuickTo; }
  static bool is_about(Duration wait, Duration step) { return wait >= step * 4 / 5 && wait <= step * 6 / 5; }
  MonoTime now_;
  SeededRandom random_;
  AddressRound round_{random_, 3, now_};
};

TEST_F(AddressRoundTest, WithoutAGoodStreamTheBackoffRules) {
  EXPECT_TRUE(is_about(round_.on_failed(now_), 1s));
  EXPECT_TRUE(is_about(round_.on_failed(now_), 1600ms));
  EXPECT_TRUE(is_about(round_.on_failed(now_), 2560ms));
}

TEST_F(AddressRoundTest, GoesRoundTheAddresses) {
  std::vector<size_t> asked;
  for (int i = 0; i < 4; ++i) {
    asked.push_back(round_.current());
    round_.on_failed(now_);
  }

  EXPECT_EQ(asked, (std::vector<size_t>{0, 1, 2, 0}));
}

TEST_F(AddressRoundTest, BeginsWhereItIsTold) {
  AddressRound second(random_, 3, now_, 1);
  EXPECT_EQ(second.current(), 1U);
  second.move_on();
  second.move_on();

  EXPECT_EQ(second.current(), 0U);
}

TEST_F(AddressRoundTest, TheNameSaysWhichAddressIsTheFirst) {
  std::array<int, 3> first{};
  for (int i = 0; i < 3000; ++i) ++first.at(first_address("node-" + std::to_string(i), 3));

  for (int sidecars : first) EXPECT_NEAR(sidecars, 1000, 150);
  EXPECT_EQ(first_address("node-7", 3), first_address("node-7", 3));
  EXPECT_EQ(first_address("node-7", 1), 0U);
  EXPECT_EQ(first_address("node-7", 0), 0U);
}

TEST_F(AddressRoundTest, AfterAGoodStreamEachOtherAddressIsTriedAtOnce) {
  round_.on_good();

  EXPECT_TRUE(is_quick(round_.on_failed(now_)));
  EXPECT_TRUE(is_quick(round_.on_failed(now_)));
  EXPECT_TRUE(is_about(round_.on_failed(now_), 1s));
}

TEST_F(AddressRoundTest, AGoodStreamIsLeftAtOnceHoweverLongTheBackoffHasBecome) {
  for (int i = 0; i < 10; ++i) round_.on_failed(now_);
  round_.on_good();

  EXPECT_TRUE(is_quick(round_.on_failed(now_)));
}

TEST_F(AddressRoundTest, OneAddressAloneIsNeverAskedAtOnce) {
  AddressRound alone(random_, 1, now_);
  alone.on_good();

  EXPECT_TRUE(is_about(alone.on_failed(now_), 1s));
  EXPECT_EQ(alone.current(), 0U);
}

TEST_F(AddressRoundTest, StreamsThatEndAsSoonAsTheyBeganComeToWait) {
  for (int i = 0; i < AddressRound::kQuickBurst; ++i) {
    round_.on_good();
    EXPECT_TRUE(is_quick(round_.on_failed(now_))) << i;
  }
  round_.on_good();
  EXPECT_FALSE(is_quick(round_.on_failed(now_)) && is_quick(round_.on_failed(now_)));

  now_ = now_ + AddressRound::kQuickAgain;
  round_.on_good();

  EXPECT_TRUE(is_quick(round_.on_failed(now_)));
}

TEST_F(AddressRoundTest, AWaitThatWasAskedForIsKept) {
  round_.on_good();

  EXPECT_EQ(round_.on_sent_away(60s), 60s);
  EXPECT_EQ(round_.current(), 1U);
  EXPECT_GE(round_.on_failed(now_), AddressRound::kQuickFrom);
}

TEST_F(AddressRoundTest, MovingOnIsNoFailure) {
  round_.move_on();

  EXPECT_EQ(round_.current(), 1U);
  EXPECT_TRUE(is_about(round_.on_failed(now_), 1s));
}

TEST_F(AddressRoundTest, AfterAStableStreamTheBackoffBeginsAnew) {
  for (int i = 0; i < 5; ++i) round_.on_failed(now_);
  round_.on_stable();

  EXPECT_TRUE(is_about(round_.on_failed(now_), 1s));
}
}  // namespace
}  // namespace heddle
