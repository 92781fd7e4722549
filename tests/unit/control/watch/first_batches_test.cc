#include "control/watch/first_batches.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace heddle {
namespace {
class FirstBatchesTest : public testing::Test {
 protected:
  // Everything that begins takes so long until it is answered; who begins in `span` of simulated time, in order.
  std::vector<uint64_t> play(FirstBatches& first, Duration each, Duration span) {
    std::vector<uint64_t> begun;
    std::map<uint64_t, MonoTime> answered;
    for (MonoTime end = now_ + span; now_ < end; now_ = now_ + 1ms) {
      std::erase_if(answered, [&](const auto& entry) {
        if (entry.second > now_) return false;
        first.end(entry.first, now_);
        return true;
      });
      while (auto id = first.next(now_)) {
        begun.push_back(*id);
        answered[*id] = now_ + each;
      }
    }
    return begun;
  }
  void ask_many(FirstBatches& first, uint64_t from, uint64_t to) {
    for (uint64_t id = from; id <= to; ++id) first.ask(id, now_);
  }
  void end_many(FirstBatches& first, uint64_t from, uint64_t to) {
    for (uint64_t id = from; id <= to; ++id) first.end(id, now_);
  }
  MonoTime now_;
};

TEST_F(FirstBatchesTest, SoManyAreUnderWayAndTheRestWaits) {
  FirstBatches first({{2, 0}, 10}, now_);

  EXPECT_TRUE(first.ask(1, now_));
  EXPECT_TRUE(first.ask(2, now_));
  EXPECT_FALSE(first.ask(3, now_));
  EXPECT_EQ(first.under_way(), 2U);
  EXPECT_EQ(first.waiting(), 1U);
}

TEST_F(FirstBatchesTest, AskingAgainChangesNothing) {
  FirstBatches first({{1, 0}, 10}, now_);
  first.ask(1, now_);
  first.ask(2, now_);

  EXPECT_TRUE(first.ask(1, now_));
  EXPECT_FALSE(first.ask(2, now_));
  EXPECT_EQ(first.under_way(), 1U);
  EXPECT_EQ(first.waiting(), 1U);
}

TEST_F(FirstBatchesTest, WhoWaitedLongestIsNext) {
  FirstBatches first({{1, 0}, 10}, now_);
  ask_many(first, 1, 3);
  EXPECT_FALSE(first.next(now_));

  first.end(1, now_);

  EXPECT_EQ(first.next(now_), 2U);
  EXPECT_FALSE(first.next(now_));
}

TEST_F(FirstBatchesTest, NobodyOvertakesThoseWhoWait) {
  FirstBatches first({{1, 0}, 10}, now_);
  ask_many(first, 1, 2);
  first.end(1, now_);

  EXPECT_FALSE(first.ask(3, now_));
  EXPECT_EQ(first.next(now_), 2U);
}

TEST_F(FirstBatchesTest, WhoLeavesWhileItWaitsIsForgotten) {
  FirstBatches first({{1, 0}, 10}, now_);
  ask_many(first, 1, 3);
  first.end(2, now_);
  first.end(1, now_);

  EXPECT_EQ(first.next(now_), 3U);
}

TEST_F(FirstBatchesTest, EndingWhatNeverBeganGivesNoPlace) {
  FirstBatches first({{1, 0}, 10}, now_);
  ask_many(first, 1, 2);

  first.end(9, now_);

  EXPECT_FALSE(first.next(now_));
}

TEST_F(FirstBatchesTest, FastSidecarsComeAtTheRateTheyAnswer) {
  FirstBatches first({}, now_);
  ask_many(first, 1, 10'000);
  end_many(first, 1, 64);

  std::vector<uint64_t> begun = play(first, 10ms, 2s);  // 64 every 10 ms: all within the time

  EXPECT_EQ(begun.size() + 64, 10'000U);
  EXPECT_TRUE(std::is_sorted(begun.begin(), begun.end()));
}

TEST_F(FirstBatchesTest, SidecarsThatNeverAnswerHoldNobodyUp) {
  FirstBatches first({}, now_);
  ask_many(first, 1, 2000);

  size_t begun = play(first, 1h, 10s).size();

  EXPECT_GE(begun, 490U);  // 50 a second
  EXPECT_LE(begun, 510U);
}

TEST_F(FirstBatchesTest, SaysWhenTheRateLetsTheNextBegin) {
  FirstBatches first({{1, 50}, 10}, now_);
  while (first.ask(first.under_way() + 1, now_)) continue;

  std::optional<Duration> wait = first.until_next(now_);
  ASSERT_TRUE(wait);
  EXPECT_FALSE(first.next(now_));
  now_ = now_ + *wait;

  EXPECT_TRUE(first.next(now_));
  EXPECT_FALSE(first.until_next(now_));
}

TEST_F(FirstBatchesTest, WithoutARateNothingIsPromised) {
  FirstBatches first({{1, 0}, 10}, now_);
  ask_many(first, 1, 2);

  EXPECT_FALSE(first.until_next(now_));
}

TEST_F(FirstBatchesTest, TooManyWhoWaitAreACrowd) {
  FirstBatches first({{1, 0}, 3}, now_);
  ask_many(first, 1, 3);
  EXPECT_FALSE(first.is_crowded());

  ask_many(first, 4, 4);

  EXPECT_TRUE(first.is_crowded());
}

TEST_F(FirstBatchesTest, TheTimeToComeBackFollowsTheRate) {
  FirstBatches first({{64, 50}, 10'000}, now_);
  ask_many(first, 1, 1064);
  EXPECT_EQ(first.come_back_after(now_), 1000s / 50);

  end_many(first, 1, 64);
  play(first, 100ms, 1s);  // 640 a second
  size_t left = first.waiting();

  EXPECT_LT(first.come_back_after(now_), 3s);
  EXPECT_LT(left, 1000U);
}

TEST_F(FirstBatchesTest, TheTimeToComeBackHasBounds) {
  FirstBatches first({{1, 0}, 10}, now_);
  EXPECT_EQ(first.come_back_after(now_), FirstBatches::kSoonest);

  ask_many(first, 1, 1000);

  EXPECT_EQ(first.come_back_after(now_), FirstBatches::kLatest);
}
}  // namespace
}  // namespace heddle
