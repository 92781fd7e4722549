#include "control/store/read_index.h"

#include <vector>

#include "lib/base/strings.h"
#include "tests/support/held_confirm.h"
#include "tests/support/manual_scheduler.h"

namespace heddle {
namespace {
class ReadIndexTest : public testing::Test {
 protected:
  using Told = std::vector<std::string>;
  // "name new", "name old 5: why" (since 5 s before the test began, or after it: -5).
  void read(std::string name) {
    tokens_.push_back(index_.read([this, name](const ReadIndex::Sight& sight) {
      if (!sight.since) return told_.push_back(name + " new");
      told_.push_back(str_cat(name, " old ", std::to_string((begin_ - *sight.since) / 1s), ": ", sight.problem));
    }));
  }
  ManualScheduler scheduler_;
  WallTime begin_ = scheduler_.wall();
  WallTime last_current_ = begin_ - 5s;
  HeldConfirm held_;
  ReadIndex index_{scheduler_, held_.confirm(), [this] { return last_current_; }};
  std::vector<Pending> tokens_;
  Told told_;
};

TEST_F(ReadIndexTest, AReaderIsToldWhenItIsConfirmedAndNotBefore) {
  read("a");
  EXPECT_EQ(held_.asked, 1U);
  scheduler_.advance(1s);
  EXPECT_TRUE(told_.empty());

  held_.answer();

  EXPECT_EQ(told_, Told{"a new"});
  scheduler_.advance(1min);
  EXPECT_EQ(told_.size(), 1U) << "once";
  EXPECT_EQ(held_.asked, 1U) << "without readers nobody asks";
}

TEST_F(ReadIndexTest, WhoComesLaterIsNotServedByWhatWasAskedBefore) {
  read("a");
  read("b");
  read("c");
  EXPECT_EQ(held_.waiting(), 1U) << "one is under way";

  held_.answer();
  EXPECT_EQ(told_, Told{"a new"});
  EXPECT_EQ(held_.asked, 2U) << "one for all who came meanwhile";

  held_.answer();
  EXPECT_EQ(told_, (Told{"a new", "b new", "c new"}));
  EXPECT_EQ(held_.asked, 2U);
}

TEST_F(ReadIndexTest, WithoutAnAnswerTheLastStateIsServedWithItsAge) {
  read("a");
  scheduler_.advance(1s);
  read("b");
  scheduler_.advance(999ms);
  EXPECT_TRUE(told_.empty());

  scheduler_.advance(1ms);
  EXPECT_EQ(told_, Told{"a old 5: the store has not answered for 2s"});

  scheduler_.advance(1s);
  EXPECT_EQ(told_.size(), 2U) << "each has the same patience, whether it was asked for yet or not";
  EXPECT_EQ(told_.back(), "b old 5: the store has not answered for 2s");
  EXPECT_EQ(held_.asked, 1U) << "the question goes on";
}

TEST_F(ReadIndexTest, AnAnswerThatCameTooLateServesNobodyButSaysHowOldItIs) {
  read("a");
  scheduler_.advance(3s);
  held_.answer();
  EXPECT_EQ(told_.size(), 1U);

  read("b");
  EXPECT_EQ(held_.asked, 2U);
  held_.fail();

  EXPECT_EQ(told_.back(), "b old 0: no etcd member answered") << "it was the newest when the first was asked for";
}

TEST_F(ReadIndexTest, AFailureIsToldAtOnceAndTheNextOnesAreAskedForAnew) {
  read("a");
  read("b");

  held_.fail();
  EXPECT_EQ(told_, Told{"a old 5: no etcd member answered"});
  held_.answer();

  EXPECT_EQ(told_.back(), "b new");
}

TEST_F(ReadIndexTest, HowOldItIsIsWhatAnybodyFoundLast) {
  read("a");
  held_.answer();
  scheduler_.advance(30s);
  last_current_ = scheduler_.wall() - 4s;  // a look of the journal

  read("b");
  held_.fail();

  EXPECT_EQ(told_.back(), "b old -26: no etcd member answered");
}

TEST_F(ReadIndexTest, WhoIsGoneIsNotTold) {
  read("a");
  read("b");
  tokens_.clear();

  held_.answer();
  scheduler_.advance(10s);

  EXPECT_TRUE(told_.empty());
}

TEST_F(ReadIndexTest, WhoIsToldMayReadAgain) {
  Pending second;
  Pending first = index_.read([&](const ReadIndex::Sight&) {
    second = index_.read([this](const ReadIndex::Sight&) { told_.push_back("again"); });
  });

  held_.answer();
  EXPECT_TRUE(told_.empty()) << "what was confirmed before it came is nothing to it";
  held_.answer();

  EXPECT_EQ(told_, Told{"again"});
}
}  // namespace
}  // namespace heddle
