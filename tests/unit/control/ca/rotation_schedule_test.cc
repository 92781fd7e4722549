#include "control/ca/rotation_schedule.h"

#include <gtest/gtest.h>

#include "tests/support/test_ca.h"

namespace heddle {
namespace {
constexpr WallTime kNow{std::chrono::seconds(1'800'000'000)};
constexpr Duration kYear = 24h * 365;
constexpr Duration kDay = 24h;
using Phase = RotationPhase;
using Step = RotationStep;
using Alarm = RotationSchedule::Alarm;

class RotationScheduleTest : public testing::Test {
 protected:
  CertificateAuthority::Ptr root(Duration life = kYear) const {
    return *CertificateAuthority::create_root(domain_, life, kNow);
  }
  CaState steady(Duration life = kYear) const { return {Phase::kSteady, 1, kNow, root(life), nullptr, nullptr}; }
  CaState prepared(WallTime since) const { return {Phase::kPrepared, 2, since, root(), root(10 * kYear), nullptr}; }
  CaState activated(WallTime since) const {
    return {Phase::kActivated, 2, since, root(10 * kYear), nullptr, root()->roots()};
  }
  // A signer that somebody's root issued.
  CaState issued() const {
    TestCa own = TestCa("cluster.local").intermediate(CertSpec::authority("mesh"));
    Secret key = *own.key()->to_pem();
    auto authority = *CertificateAuthority::from_pem(domain_, own.certificate_pem() + own.root_pem(), key.view());
    return {Phase::kSteady, 1, kNow, authority, nullptr, nullptr};
  }
  static std::string given(const CertificateAuthority::Ptr& authority) { return root_pin(*authority); }

  TrustDomain domain_ = *TrustDomain::parse("cluster.local");
  RotationSchedule schedule_;
};

TEST_F(RotationScheduleTest, PreparesThirtyDaysBeforeTheEnd) {
  auto due = schedule_.next(steady(), {});

  ASSERT_TRUE(due);
  EXPECT_EQ(due->step, Step::kPrepare);
  EXPECT_EQ(due->at, kNow + kYear - 30 * kDay);
}

TEST_F(RotationScheduleTest, PreparesAtTheLatestAtHalfOfItsLife) {
  auto due = schedule_.next(steady(10 * kDay), {});

  EXPECT_LE(due->at, kNow + 5 * kDay);
  EXPECT_GE(due->at, kNow + 5 * kDay - 1min);
}

TEST_F(RotationScheduleTest, ActivatesWhenTheBundleWasOutForFiveRefreshHints) {
  WallTime late = kNow + kYear - 10 * kDay;

  auto due = schedule_.next(prepared(late), {});

  EXPECT_EQ(due->step, Step::kActivate);
  EXPECT_EQ(due->at, late + 25min);
}

TEST_F(RotationScheduleTest, AShortLivedRootIsAnnouncedForAQuarterOfWhatIsLeft) {
  CaState state{Phase::kPrepared, 2, kNow + 10min, root(20min), root(), nullptr};

  auto due = schedule_.next(state, {});

  EXPECT_EQ(due->step, Step::kActivate);
  EXPECT_EQ(due->at, kNow + 10min + 150s);
}

TEST_F(RotationScheduleTest, FilesThatComeLateSignInTime) {
  CaState state{Phase::kPrepared, 2, kNow + 56min, root(1h), root(), nullptr};

  EXPECT_EQ(schedule_.next(state, given(state.next))->at, kNow + 57min);
}

TEST_F(RotationScheduleTest, FilesThatComeTooLateSignAtOnce) {
  CaState state{Phase::kPrepared, 2, kNow + 2h, root(1h), root(), nullptr};

  EXPECT_EQ(schedule_.next(state, given(state.next))->at, kNow + 2h);
}

TEST_F(RotationScheduleTest, AnAbortedRotationIsLeftAloneForADay) {
  CaState state = steady();
  state.since = kNow + kYear - 20 * kDay;
  EXPECT_EQ(schedule_.next(state, {})->at, state.since);

  state.is_aborted = true;

  EXPECT_EQ(schedule_.next(state, {})->step, Step::kPrepare);
  EXPECT_EQ(schedule_.next(state, {})->at, state.since + kDay);
}

TEST_F(RotationScheduleTest, AnAbortNearTheEndIsRespectedForHalfOfWhatIsLeft) {
  CaState state = steady();
  state.since = kNow + kYear - 10h;
  state.is_aborted = true;

  EXPECT_EQ(schedule_.next(state, {})->at, state.since + 5h);
}

TEST_F(RotationScheduleTest, AnEarlyAbortPutsNothingOff) {
  CaState state = steady();
  state.is_aborted = true;

  EXPECT_EQ(schedule_.next(state, {})->at, kNow + kYear - 30 * kDay);
}

TEST_F(RotationScheduleTest, FilesThatChangedTheirMindAreNotKeptWaiting) {
  CaState state = steady();
  state.is_aborted = true;

  EXPECT_EQ(schedule_.next(state, given(root()))->at, kNow);
}

TEST_F(RotationScheduleTest, LeavesARotationAloneThatAnOperatorBeganEarly) {
  EXPECT_EQ(schedule_.next(prepared(kNow), {})->at, kNow + kYear - 30 * kDay);
  EXPECT_EQ(schedule_.next(activated(kNow), {})->at, kNow + kYear - 30 * kDay);
}

TEST_F(RotationScheduleTest, RetiresTheRootThatEnds) {
  WallTime late = kNow + kYear - 10 * kDay;

  auto due = schedule_.next(activated(late), {});

  EXPECT_EQ(due->step, Step::kRetire);
  EXPECT_EQ(due->at, late);
  EXPECT_EQ(RotationSchedule::ends(activated(late)), kNow + kYear);
}

TEST_F(RotationScheduleTest, ZeroNeverRotatesByItself) {
  RotationSchedule off{Duration{}};

  EXPECT_FALSE(off.next(steady(), {}));
  EXPECT_FALSE(off.next(activated(kNow), {}));
}

TEST_F(RotationScheduleTest, DoesNotReplaceAnAuthorityThatSomebodyGaveUsByARootOfOurs) {
  EXPECT_FALSE(schedule_.next(issued(), {}));
}

TEST_F(RotationScheduleTest, FilesOfAnotherRootPrepareAtOnce) {
  auto due = schedule_.next(steady(), given(root()));

  ASSERT_TRUE(due);
  EXPECT_EQ(due->step, Step::kPrepare);
  EXPECT_EQ(due->at, kNow);
}

TEST_F(RotationScheduleTest, FilesOfTheRootThatSignsNeedNothing) {
  CaState state = steady(1h);

  EXPECT_FALSE(schedule_.next(state, given(state.signer)));
}

TEST_F(RotationScheduleTest, FilesLeadThroughAllPhases) {
  CaState ready = prepared(kNow);
  CaState signs = activated(kNow);

  EXPECT_EQ(schedule_.next(ready, given(ready.next))->step, Step::kActivate);
  EXPECT_EQ(schedule_.next(ready, given(ready.next))->at, kNow + 25min);
  EXPECT_EQ(schedule_.next(signs, given(signs.signer))->step, Step::kRetire);
}

TEST_F(RotationScheduleTest, FilesThatChangeTheirMindAbort) {
  CaState ready = prepared(kNow);

  EXPECT_EQ(schedule_.next(ready, given(ready.signer))->step, Step::kAbort);
  EXPECT_EQ(schedule_.next(ready, given(root()))->step, Step::kAbort);
}

// Another control plane's files are newer than ours.
TEST_F(RotationScheduleTest, FilesThatAreNotReplacedYetUndoNothing) {
  CaState ready = prepared(kNow);
  ready.next = *CertificateAuthority::without_key(domain_, ready.next->to_pem());
  CaState signs = activated(kNow);
  std::string old = signs.old->pins().front();
  signs.signer = *CertificateAuthority::without_key(domain_, signs.signer->to_pem());

  EXPECT_FALSE(schedule_.next(ready, given(ready.signer)));
  EXPECT_EQ(schedule_.next(ready, given(root()))->step, Step::kAbort) << "neither the one nor the other";
  EXPECT_FALSE(schedule_.next(signs, old));
  signs.phase = Phase::kSteady;
  EXPECT_FALSE(schedule_.next(signs, old));
}

TEST_F(RotationScheduleTest, AlarmsByWhatIsLeft) {
  CaState state = steady();
  RotationSchedule::Due due = *schedule_.next(state, {});

  EXPECT_EQ(schedule_.alarm(state, due, due.at - 1s), Alarm::kNone);
  EXPECT_EQ(schedule_.alarm(state, due, due.at), Alarm::kWarn);
  EXPECT_EQ(schedule_.alarm(state, due, kNow + kYear - 7 * kDay), Alarm::kError);
}
}  // namespace
}  // namespace heddle
