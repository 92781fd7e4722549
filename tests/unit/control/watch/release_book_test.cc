#include "control/watch/release_book.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
constexpr ReleaseBook::Id kLeaver = 1;
constexpr ReleaseBook::Id kA = 2;
constexpr ReleaseBook::Id kB = 3;

class ReleaseBookTest : public testing::Test {
 protected:
  ReleaseBookTest() { book_.begin(kLeaver, at(25s)); }
  static MonoTime at(Duration after) { return MonoTime(100s) + after; }
  // What the leaver is told now; nothing: nothing new.
  std::optional<WatchRelease> told(Duration after = 0s, ReleaseBook::Id leaver = kLeaver) {
    std::optional<WatchRelease> out;
    for (const ReleaseBook::Due& due : book_.take(at(after))) {
      if (due.leaver == leaver) out = due.release;
    }
    return out;
  }
  ReleaseBook book_;
};

TEST_F(ReleaseBookTest, WhomNobodyNamesAndNobodyUsesIsReleasedAtOnce) {
  book_.set_listed(kLeaver, false);

  EXPECT_EQ(told(), (WatchRelease{ReleaseState::kAcknowledged, 0, 0, false}));
  EXPECT_TRUE(book_.empty());
}

TEST_F(ReleaseBookTest, WhoIsListedWaitsAlthoughNobodyUsesIt) {
  EXPECT_EQ(told(), (WatchRelease{ReleaseState::kWaiting, 0, 0, true}));
  EXPECT_EQ(told(1s), std::nullopt) << "told once";
  book_.set_listed(kLeaver, false);

  EXPECT_EQ(told(2s)->state, ReleaseState::kAcknowledged);
}

TEST_F(ReleaseBookTest, TheLastAcknowledgementReleases) {
  book_.set_user(kLeaver, kA, true);
  book_.set_user(kLeaver, kB, true);
  book_.set_listed(kLeaver, false);
  EXPECT_EQ(told(), (WatchRelease{ReleaseState::kWaiting, 2, 2, false}));
  book_.set_user(kLeaver, kA, false);
  EXPECT_EQ(told(), (WatchRelease{ReleaseState::kWaiting, 2, 1, false}));

  book_.set_user(kLeaver, kB, false);

  EXPECT_EQ(told(), (WatchRelease{ReleaseState::kAcknowledged, 2, 0, false}));
}

TEST_F(ReleaseBookTest, AnAcknowledgementBeforeItLeavesCountsNobody) {
  book_.set_user(kLeaver, kA, false);
  book_.set_listed(kLeaver, false);

  EXPECT_EQ(told(), (WatchRelease{ReleaseState::kAcknowledged, 0, 0, false}));
}

TEST_F(ReleaseBookTest, WhoDisconnectsCountsNoMore) {
  book_.set_user(kLeaver, kA, true);
  book_.set_listed(kLeaver, false);
  EXPECT_EQ(told()->missing, 1U);

  book_.forget(kA);

  EXPECT_EQ(told(), (WatchRelease{ReleaseState::kAcknowledged, 0, 0, false}));
}

TEST_F(ReleaseBookTest, WhoComesBackWithOldContentCountsAgain) {
  book_.set_user(kLeaver, kA, true);
  book_.set_user(kLeaver, kB, true);
  book_.set_listed(kLeaver, false);
  book_.forget(kA);
  book_.set_user(kLeaver, 9, true);
  book_.set_user(kLeaver, kB, false);

  EXPECT_EQ(told(), (WatchRelease{ReleaseState::kWaiting, 2, 1, false}));
}

TEST_F(ReleaseBookTest, WhoIsSentItLaterCountsToo) {
  book_.set_user(kLeaver, kA, false);
  EXPECT_EQ(told()->missing, 0U);
  book_.set_user(kLeaver, kA, true);
  book_.set_listed(kLeaver, false);

  EXPECT_EQ(told(), (WatchRelease{ReleaseState::kWaiting, 1, 1, false}));
}

TEST_F(ReleaseBookTest, AtTheDeadlineItSaysHowManyAreMissing) {
  book_.set_user(kLeaver, kA, true);
  book_.set_listed(kLeaver, false);
  EXPECT_EQ(told(24'999ms)->state, ReleaseState::kWaiting);

  EXPECT_EQ(told(25s), (WatchRelease{ReleaseState::kDeadline, 1, 1, false}));
  EXPECT_TRUE(book_.empty());
}

TEST_F(ReleaseBookTest, WhoLetsGoAtTheDeadlineItselfHasLetGo) {
  book_.set_user(kLeaver, kA, true);
  book_.set_listed(kLeaver, false);
  book_.set_user(kLeaver, kA, false);

  EXPECT_EQ(told(25s)->state, ReleaseState::kAcknowledged);
}

TEST_F(ReleaseBookTest, AtTheDeadlineItSaysThatOtherControlPlanesWereNotHeard) {
  book_.set_listed(kLeaver, false);
  book_.set_elsewhere(kLeaver, 2);
  book_.set_elsewhere(kLeaver, std::nullopt);

  EXPECT_EQ(told(25s), (WatchRelease{ReleaseState::kDeadline, 2, 2, false}));
}

TEST_F(ReleaseBookTest, AnotherDeadlineTakesThePlaceOfTheFirst) {
  book_.set_user(kLeaver, kA, true);
  book_.begin(kLeaver, at(5s));
  EXPECT_EQ(book_.next_deadline(), at(5s));

  EXPECT_EQ(told(5s)->state, ReleaseState::kDeadline);
  EXPECT_EQ(book_.next_deadline(), std::nullopt);
}

TEST_F(ReleaseBookTest, OfOneWhoseStreamIsGoneNobodyIsTold) {
  book_.set_user(kLeaver, kA, true);
  book_.end(kLeaver);
  book_.set_user(kLeaver, kB, true);
  book_.set_listed(kLeaver, false);
  book_.set_elsewhere(kLeaver, 0);

  EXPECT_FALSE(book_.has(kLeaver)) << "what is heard later does not bring it back";
  EXPECT_FALSE(told(25s));
}

TEST_F(ReleaseBookTest, OneThatComesBackAfterItsEndBeginsAnew) {
  book_.set_user(kLeaver, kA, true);
  book_.set_listed(kLeaver, false);
  book_.set_elsewhere(kLeaver, 3);
  book_.end(kLeaver);

  book_.begin(kLeaver, at(25s));

  EXPECT_EQ(told(), (WatchRelease{ReleaseState::kWaiting, 0, 0, true}));
}

TEST_F(ReleaseBookTest, LeaversAreJudgedEachByItself) {
  book_.begin(7, at(5s));
  EXPECT_EQ(book_.next_deadline(), at(5s));
  book_.set_user(kLeaver, kA, true);
  book_.set_user(7, kB, true);
  book_.set_listed(kLeaver, false);
  book_.set_listed(7, false);
  told();
  book_.set_user(kLeaver, kA, false);

  std::vector<ReleaseBook::Due> due = book_.take(at(1s));

  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due[0].leaver, kLeaver);
  EXPECT_EQ(due[0].release.state, ReleaseState::kAcknowledged);
  EXPECT_EQ(told(5s, 7)->state, ReleaseState::kDeadline);
}

TEST_F(ReleaseBookTest, ALeaverMayUseTheOtherAndGo) {
  book_.begin(7, at(25s));
  book_.set_user(7, kLeaver, true);
  book_.set_listed(7, false);
  EXPECT_EQ(told(0s, 7)->missing, 1U);

  book_.end(kLeaver);
  book_.forget(kLeaver);

  EXPECT_EQ(told(0s, 7)->state, ReleaseState::kAcknowledged);
}

TEST_F(ReleaseBookTest, AskedAgainItIsAnsweredAgain) {
  book_.set_user(kLeaver, kA, true);
  EXPECT_TRUE(told());
  EXPECT_FALSE(told());

  book_.begin(kLeaver, at(60s));

  EXPECT_EQ(told(30s), (WatchRelease{ReleaseState::kWaiting, 1, 1, true}));
}

TEST_F(ReleaseBookTest, OtherControlPlanesMustBeKnownAndHaveNobodyLeft) {
  book_.set_listed(kLeaver, false);
  book_.set_elsewhere(kLeaver, std::nullopt);
  EXPECT_EQ(told(), (WatchRelease{ReleaseState::kWaiting, 0, 0, false}));
  book_.set_elsewhere(kLeaver, 2);
  EXPECT_EQ(told(), (WatchRelease{ReleaseState::kWaiting, 2, 2, false}));

  book_.set_elsewhere(kLeaver, 0);

  EXPECT_EQ(told(), (WatchRelease{ReleaseState::kAcknowledged, 2, 0, false}));
}

TEST_F(ReleaseBookTest, TooManyAtOnceAreRefusedAndOneThatLeavesAlreadyIsNot) {
  for (size_t i = 1; i < ReleaseBook::kMaxLeavers; ++i) EXPECT_TRUE(book_.begin(100 + i, at(25s)));

  EXPECT_FALSE(book_.begin(9999, at(25s)));
  EXPECT_TRUE(book_.begin(kLeaver, at(25s)));
  book_.end(kLeaver);
  EXPECT_TRUE(book_.begin(9999, at(25s)));
}
}  // namespace
}  // namespace heddle
