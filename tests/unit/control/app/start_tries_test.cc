#include "control/app/start_tries.h"

#include <gtest/gtest.h>

#include "tests/support/captured_log.h"
#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
class StartTriesTest : public testing::Test {
 protected:
  Result<int> get(Duration patience) {
    StartTries tries(loop_, random_, log_.log().module("store"), patience);
    return tries.get<int>("the ledger", [this]() -> Result<int> {
      ++asked_;
      if (on_asked_) on_asked_();
      if (asked_ < answers_at_) return make_error(reason_, "no leader");
      return asked_;
    });
  }
  Loop loop_;
  SeededRandom random_;
  CapturedLog log_;
  Task on_asked_;
  Reason reason_ = Reason::kUnavailable;
  int answers_at_ = 2;
  int asked_ = 0;
};

TEST_F(StartTriesTest, WhatIsUnavailableIsAskedForAgain) {
  Result<int> got = get(60s);

  ASSERT_TRUE(got.has_value()) << got.error().text();
  EXPECT_EQ(*got, 2);
}

TEST_F(StartTriesTest, WhatWaitingDoesNotMendFailsAtOnce) {
  reason_ = Reason::kConfigInvalid;

  Result<int> got = get(60s);

  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().reason, Reason::kConfigInvalid);
  EXPECT_EQ(asked_, 1);
}

TEST_F(StartTriesTest, WhoseTimeIsOverIsToldWhatWasMissingAndWhy) {
  Result<int> got = get(Duration(0));

  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().reason, Reason::kUnavailable);
  EXPECT_NE(got.error().detail.find("the ledger"), std::string::npos) << got.error().detail;
  EXPECT_NE(got.error().detail.find("no leader"), std::string::npos) << got.error().detail;
}

TEST_F(StartTriesTest, AStopBetweenTwoTriesEndsIt) {
  answers_at_ = 3;
  on_asked_ = [this] { loop_.stop(); };

  Result<int> got = get(60s);

  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().reason, Reason::kDraining);
  EXPECT_EQ(asked_, 1);
}

TEST_F(StartTriesTest, AStopInTheTurnOfTheAnswerIsNotLost) {
  std::unique_ptr<Timer> timer;
  Result<int> got = wait_for<int>(loop_, [&](UniqueFunction<void(Result<int>)> done) -> Pending {
    timer = loop_.timer([this, done = std::move(done)]() mutable {
      loop_.stop();
      loop_.post([done = std::move(done)]() mutable { done(7); });
    });
    timer->arm(Duration(0));
    return nullptr;
  });

  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().reason, Reason::kDraining);
}
}  // namespace
}  // namespace heddle
