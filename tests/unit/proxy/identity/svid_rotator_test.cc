#include "proxy/identity/svid_rotator.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/manual_scheduler.h"
#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
class ScriptedMaker final : public SvidMaker {
 public:
  [[nodiscard]] Pending make(SvidNeed need, OnMade done) override {
    asked.push_back(need);
    done_ = std::move(done);
    return nullptr;
  }
  void succeed(Scheduler& now, Duration lifetime) {
    std::exchange(done_, nullptr)(SvidTimes{now.wall(), now.wall() + lifetime});
  }
  void fail(Reason why = Reason::kUnavailable) { std::exchange(done_, nullptr)(make_error(why, "the CA is away")); }
  std::vector<SvidNeed> asked;

 private:
  OnMade done_;
};

class SvidRotatorTest : public testing::Test {
 protected:
  void live(Duration lifetime) {
    rotator_.start(std::nullopt);
    scheduler_.advance(1ms);
    maker_.succeed(scheduler_, lifetime);
  }
  uint64_t counted(Reason outcome) const { return rotator_.rotations()[static_cast<size_t>(outcome)]; }
  IdentityState state() const { return rotator_.lifecycle().state(scheduler_.wall()); }
  ManualScheduler scheduler_;
  SeededRandom random_;
  ScriptedMaker maker_;
  SvidRotator rotator_{scheduler_, random_, maker_};
};

TEST_F(SvidRotatorTest, AttestsWhenItHasNothing) {
  rotator_.start(std::nullopt);
  scheduler_.advance(1ms);

  EXPECT_EQ(maker_.asked, std::vector{SvidNeed::kAttest});
  EXPECT_EQ(state(), IdentityState::kFetching);
}

TEST_F(SvidRotatorTest, UsesWhatWasStoredWithoutAsking) {
  rotator_.start(SvidTimes{scheduler_.wall(), scheduler_.wall() + 24h});
  scheduler_.advance(10h);

  EXPECT_TRUE(maker_.asked.empty());
  EXPECT_EQ(state(), IdentityState::kLive);
}

TEST_F(SvidRotatorTest, RenewsAroundHalfOfTheLifetime) {
  live(100s);

  scheduler_.advance(44s);
  size_t before = maker_.asked.size();
  scheduler_.advance(12s);

  EXPECT_EQ(before, 1U);
  EXPECT_EQ(maker_.asked, (std::vector{SvidNeed::kAttest, SvidNeed::kRenew}));
  EXPECT_EQ(state(), IdentityState::kRefreshing);
}

TEST_F(SvidRotatorTest, KeepsTheOldCertificateWhenTheCaIsDown) {
  live(100s);
  scheduler_.advance(56s);

  maker_.fail();

  EXPECT_EQ(state(), IdentityState::kStale);
  EXPECT_NE(rotator_.last_error().find("the CA is away"), std::string::npos);
}

TEST_F(SvidRotatorTest, TriesAgainEverLater) {
  rotator_.start(std::nullopt);
  scheduler_.advance(1ms);
  maker_.fail();
  scheduler_.advance(1200ms);
  size_t second = maker_.asked.size();
  maker_.fail();

  scheduler_.advance(1200ms);
  size_t too_early = maker_.asked.size();
  scheduler_.advance(800ms);

  EXPECT_EQ(second, 2U);
  EXPECT_EQ(too_early, 2U);
  EXPECT_EQ(maker_.asked.size(), 3U);
}

TEST_F(SvidRotatorTest, NeedsANewTokenOnceItExpired) {
  live(100s);
  scheduler_.advance(56s);
  maker_.fail();
  scheduler_.advance(2s);
  maker_.fail();

  scheduler_.advance(45s);

  EXPECT_EQ(state(), IdentityState::kExpired);
  EXPECT_EQ(maker_.asked.back(), SvidNeed::kRenew);
  maker_.fail();
  scheduler_.advance(120s);
  EXPECT_EQ(maker_.asked.back(), SvidNeed::kAttest);
}

TEST_F(SvidRotatorTest, RecoversFromStale) {
  live(100s);
  scheduler_.advance(56s);
  maker_.fail();
  scheduler_.advance(2s);

  maker_.succeed(scheduler_, 100s);

  EXPECT_EQ(state(), IdentityState::kLive);
  EXPECT_EQ(rotator_.last_error(), "");
}

TEST_F(SvidRotatorTest, CountsRenewalsButNotTheFirstCertificate) {
  live(100s);
  uint64_t first = counted(Reason::kNone);

  scheduler_.advance(56s);
  maker_.succeed(scheduler_, 100s);

  EXPECT_EQ(first, 0U);
  EXPECT_EQ(counted(Reason::kNone), 1U);
}

TEST_F(SvidRotatorTest, CountsARenewalOfWhatWasStored) {
  rotator_.start(SvidTimes{scheduler_.wall() - 60s, scheduler_.wall() + 40s});

  scheduler_.advance(1s);
  maker_.succeed(scheduler_, 100s);

  EXPECT_EQ(counted(Reason::kNone), 1U);
}

TEST_F(SvidRotatorTest, CountsTriesThatFailedByTheirReason) {
  live(100s);
  scheduler_.advance(56s);

  maker_.fail();
  scheduler_.advance(2s);
  maker_.fail(Reason::kUnauthenticated);

  EXPECT_EQ(counted(Reason::kUnavailable), 1U);
  EXPECT_EQ(counted(Reason::kUnauthenticated), 1U);
  EXPECT_EQ(counted(Reason::kNone), 0U);
}

TEST_F(SvidRotatorTest, NoticesAJumpOfTheWallClock) {
  live(24h);
  scheduler_.set_wall(scheduler_.wall() + 20h);

  scheduler_.advance(SvidLifecycle::kLookAgain);

  EXPECT_EQ(maker_.asked.back(), SvidNeed::kRenew);
}

TEST_F(SvidRotatorTest, DoesNotWaitWhenAnOperatorAsks) {
  rotator_.start(std::nullopt);
  scheduler_.advance(1ms);
  maker_.fail();

  rotator_.retry_now();
  scheduler_.advance(1ms);

  EXPECT_EQ(maker_.asked.size(), 2U);
}

TEST_F(SvidRotatorTest, DoesNotHammerACaWhoseAnswersAreOldAlready) {
  rotator_.start(SvidTimes{scheduler_.wall() - 90s, scheduler_.wall() + 10s});

  scheduler_.advance(999ms);
  size_t early = maker_.asked.size();
  scheduler_.advance(1ms);

  EXPECT_EQ(early, 0U);
  EXPECT_EQ(maker_.asked, std::vector{SvidNeed::kRenew});
}

TEST_F(SvidRotatorTest, NeverRunsTwoTriesAtOnce) {
  rotator_.start(std::nullopt);
  scheduler_.advance(1ms);

  rotator_.retry_now();
  scheduler_.advance(300s);

  EXPECT_EQ(maker_.asked.size(), 1U);
}

TEST_F(SvidRotatorTest, RenewsEarlyWithinTheTimeGiven) {
  live(24h);

  rotator_.renew_within(60s);
  scheduler_.advance(60s);

  EXPECT_EQ(maker_.asked, (std::vector{SvidNeed::kAttest, SvidNeed::kRenew}));
}

TEST_F(SvidRotatorTest, WhoIsToldAgainAndAgainRenewsAllTheSame) {
  live(24h);

  for (int second = 0; second < 60; ++second) {
    rotator_.renew_within(60s);
    scheduler_.advance(1s);
  }

  EXPECT_EQ(maker_.asked.size(), 2U);
}

TEST_F(SvidRotatorTest, AFleetDoesNotRenewEarlyAtOnce) {
  std::set<int64_t> seconds;
  for (int i = 0; i < 20; ++i) {
    ScriptedMaker maker;
    SvidRotator one{scheduler_, random_, maker};
    one.start(SvidTimes{scheduler_.wall(), scheduler_.wall() + 24h});
    one.renew_within(60s);
    int64_t second = 0;
    for (; maker.asked.empty() && second < 60; ++second) scheduler_.advance(1s);
    seconds.insert(second);
  }

  EXPECT_GT(seconds.size(), 10U);
}

TEST_F(SvidRotatorTest, AnEarlyRenewalThatFailsIsTriedAgain) {
  live(24h);
  rotator_.renew_within(0s);
  scheduler_.advance(1s);
  ASSERT_EQ(maker_.asked.size(), 2U);

  maker_.fail();
  scheduler_.advance(2s);

  EXPECT_EQ(maker_.asked.size(), 3U);
}

TEST_F(SvidRotatorTest, OneNewCertificateSettlesAnEarlyRenewal) {
  live(24h);
  rotator_.renew_within(10s);
  scheduler_.advance(10s);
  maker_.succeed(scheduler_, 24h);

  scheduler_.advance(1h);

  EXPECT_EQ(maker_.asked.size(), 2U);
}
}  // namespace
}  // namespace heddle
