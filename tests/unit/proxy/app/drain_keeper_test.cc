// The end of a sidecar: leaving, released, draining, and what goes wrong on the way.
#include "proxy/app/drain_keeper.h"

#include "tests/support/captured_log.h"
#include "tests/unit/proxy/watch/watch_rig.h"

namespace heddle {
namespace {
using namespace watch_test;
using State = DrainKeeper::State;

// Workers that end when the test says so.
class ScriptedTargets final : public DrainTargets {
 public:
  size_t size() const override { return 2; }
  std::vector<Address> addresses() const override { return {*Address::parse("10.0.0.7:15006")}; }
  void drain_inbound(DrainTimes times, const OnEnd& on_end) override {
    inbound.push_back(times);
    on_gone = on_end;
  }
  void drain(DrainTimes times, const OnEnd& on_end) override {
    all.push_back(times);
    on_drained = on_end;
  }
  std::vector<DrainTimes> inbound;
  std::vector<DrainTimes> all;
  OnEnd on_gone;
  OnEnd on_drained;
};

class DrainKeeperTest : public WatchRig {
 protected:
  DrainKeeperTest() {
    ListenerSettings listener;
    listener.direction = ListenerSettings::Direction::kInbound;
    listener.address = *Address::parse("10.0.0.7:15006");
    settings_.listeners = {listener};
    settings_.drain = 20s;
    settings_.drain_accept = 5s;
  }
  void leave(Duration within = 25s) {
    keeper_.leave(within, [this](const LeaveOutcome& outcome) { left_.push_back(outcome); });
  }
  void await_left() {
    keeper_.await_left([this](const LeaveOutcome& outcome) { awaited_.push_back(outcome); });
  }
  void release(ReleaseState state, uint64_t missing = 0) {
    channel_.say(WatchRelease{state, 3, missing, false});
    run();
  }
  // So that the stream does not end of silence.
  void heartbeat_and_advance() {
    heartbeat(v(1));
    scheduler_.advance(1s);
  }
  // Nobody is connected to the application any more, on all workers.
  void callers_go() {
    for (size_t i = 0; i < targets_.size(); ++i) targets_.on_gone();
  }
  double metric(std::string_view name) const {
    auto found = metrics_.collect(name);
    return found && !found->series.empty() ? found->series.front().value : -1;
  }
  State state() const { return static_cast<State>(static_cast<int>(metric("heddle_drain_state"))); }

  Settings settings_;
  ScriptedTargets targets_;
  CapturedLog captured_;
  Registry metrics_;
  bool has_control_ = true;
  int begun_ = 0;
  int stopped_ = 0;
  std::vector<LeaveOutcome> left_;
  std::vector<LeaveOutcome> awaited_;
  DrainKeeper keeper_{{scheduler_, settings_, targets_, captured_.log(), metrics_,
                       [this] { return has_control_ ? &client_ : nullptr; }, [this] { ++begun_; },
                       [this] { ++stopped_; }}};
};

TEST_F(DrainKeeperTest, APodThatLeavesIsNotReadyAndTellsTheControlPlaneWhereItWas) {
  connect();

  leave(25s);

  EXPECT_EQ(begun_, 1);
  EXPECT_EQ(state(), State::kWaiting);
  ASSERT_EQ(channel_.heard_of<WatchDraining>().size(), 1U);
  EXPECT_EQ(channel_.heard_of<WatchDraining>()[0].addresses, targets_.addresses());
  EXPECT_EQ(channel_.heard_of<WatchDraining>()[0].within, 25s);
  EXPECT_TRUE(targets_.inbound.empty()) << "what comes for the application goes on";
  EXPECT_TRUE(targets_.all.empty());
}

TEST_F(DrainKeeperTest, ReleasedItDrainsWhatComesForTheApplicationAndNothingElse) {
  connect();
  leave();
  release(ReleaseState::kWaiting, 2);
  EXPECT_EQ(keeper_.text(), "draining: waits for 2 sidecars");
  EXPECT_EQ(metric("heddle_drain_waits_for_sidecars"), 2);
  EXPECT_TRUE(targets_.inbound.empty());

  release(ReleaseState::kAcknowledged);

  EXPECT_EQ(state(), State::kInboundDrained);
  ASSERT_EQ(targets_.inbound.size(), 1U);
  EXPECT_EQ(targets_.inbound[0].deadline, 20s);
  EXPECT_EQ(targets_.inbound[0].accept, 5s);
  EXPECT_TRUE(targets_.all.empty());
  EXPECT_TRUE(left_.empty()) << "somebody may be connected";
  EXPECT_EQ(stopped_, 0);
}

TEST_F(DrainKeeperTest, ItIsLeftWhenTheLastCallerOfTheLastWorkerIsGone) {
  connect();
  leave();
  release(ReleaseState::kAcknowledged);
  targets_.on_gone();
  EXPECT_TRUE(left_.empty());

  targets_.on_gone();

  ASSERT_EQ(left_.size(), 1U);
  EXPECT_EQ(left_[0].end, LeaveEnd::kAcknowledged);
  EXPECT_EQ(left_[0].sidecars, 3U);
  EXPECT_EQ(metric("heddle_drain_waits_for_sidecars"), 0);
  scheduler_.advance(1min);
  EXPECT_EQ(left_.size(), 1U);
  EXPECT_EQ(stopped_, 0) << "it goes on for the application until it is told to end";
}

TEST_F(DrainKeeperTest, CallersThatStayConnectedAreWaitedForUntilTheDrainDeadline) {
  connect();
  leave();
  release(ReleaseState::kAcknowledged);
  scheduler_.advance(settings_.drain - 2ms);
  EXPECT_TRUE(left_.empty());

  scheduler_.advance(2ms);

  ASSERT_EQ(left_.size(), 1U);
  EXPECT_EQ(left_[0].end, LeaveEnd::kAcknowledged);
}

TEST_F(DrainKeeperTest, CallersThatStayConnectedAreWaitedForNoLongerThanWasAsked) {
  connect();
  leave(6s);
  heartbeat_and_advance();
  release(ReleaseState::kAcknowledged);
  scheduler_.advance(4900ms);
  EXPECT_TRUE(left_.empty());

  scheduler_.advance(200ms);

  ASSERT_EQ(left_.size(), 1U);
  EXPECT_EQ(left_[0].end, LeaveEnd::kAcknowledged);
}

TEST_F(DrainKeeperTest, AtTheDeadlineItGoesOnWithoutThoseThatDidNotLetGo) {
  connect();
  leave(10s);
  release(ReleaseState::kWaiting, 1);
  scheduler_.advance(9900ms);
  EXPECT_EQ(state(), State::kWaiting);

  scheduler_.advance(200ms);
  callers_go();

  ASSERT_EQ(left_.size(), 1U);
  EXPECT_EQ(left_[0].end, LeaveEnd::kDeadline);
  EXPECT_EQ(left_[0].missing, 1U);
}

TEST_F(DrainKeeperTest, WhatTheControlPlaneSaysAfterTheDeadlineChangesNothing) {
  connect();
  leave(10s);
  release(ReleaseState::kWaiting, 2);
  while (state() == State::kWaiting) heartbeat_and_advance();
  callers_go();

  release(ReleaseState::kWaiting, 1);

  EXPECT_EQ(metric("heddle_drain_waits_for_sidecars"), 0) << "it waits for nobody any more";
  EXPECT_EQ(left_.size(), 1U);
}

TEST_F(DrainKeeperTest, AControlPlaneThatIsAwayIsWaitedForUntilTheDeadline) {
  leave(12s);
  scheduler_.advance(11'900ms);
  EXPECT_EQ(state(), State::kWaiting);
  EXPECT_EQ(keeper_.text(), "draining: waits for the control plane");

  scheduler_.advance(200ms);
  callers_go();

  ASSERT_EQ(left_.size(), 1U);
  EXPECT_EQ(left_[0].end, LeaveEnd::kDeadline);
  EXPECT_FALSE(left_[0].was_told);
}

TEST_F(DrainKeeperTest, AControlPlaneThatGoesAwayIsAskedAgainWhenItIsBack) {
  connect();
  leave();
  channel_.observer->on_closed(make_error(Reason::kUnavailable, "gone"));
  scheduler_.advance(2s);
  EXPECT_EQ(state(), State::kWaiting);
  open();
  ASSERT_EQ(channel_.heard_of<WatchDraining>().size(), 2U);

  release(ReleaseState::kAcknowledged);

  EXPECT_EQ(state(), State::kInboundDrained);
}

TEST_F(DrainKeeperTest, WithoutAControlPlaneItTakesRequestsForAsLongAsListenersDo) {
  has_control_ = false;
  leave();
  scheduler_.advance(settings_.drain_accept - 1ms);
  EXPECT_EQ(state(), State::kWaiting);

  scheduler_.advance(200ms);
  callers_go();

  ASSERT_EQ(left_.size(), 1U);
  EXPECT_EQ(left_[0].end, LeaveEnd::kUnasked);
}

TEST_F(DrainKeeperTest, OneThatNobodyCallsIsReleasedWithoutAsking) {
  settings_.listeners.clear();
  connect();

  leave();
  run();

  EXPECT_TRUE(channel_.heard_of<WatchDraining>().empty());
  EXPECT_EQ(state(), State::kInboundDrained);
}

TEST_F(DrainKeeperTest, AskedAgainTheFirstDeadlineCountsAndBothAreAnswered) {
  connect();
  leave(10s);
  leave(1s);
  release(ReleaseState::kWaiting, 1);
  scheduler_.advance(6s);
  EXPECT_EQ(state(), State::kWaiting);
  EXPECT_EQ(begun_, 1);
  EXPECT_EQ(channel_.heard_of<WatchDraining>().size(), 1U);
  release(ReleaseState::kAcknowledged);
  leave();
  callers_go();
  EXPECT_EQ(left_.size(), 3U) << "one came while callers were waited for";

  leave();

  EXPECT_EQ(left_.size(), 4U) << "at once: it is over";
  EXPECT_EQ(targets_.inbound.size(), 1U);
}

TEST_F(DrainKeeperTest, DrainingEndsWhenEveryWorkerHasNothingLeft) {
  keeper_.drain();
  EXPECT_EQ(begun_, 1);
  EXPECT_TRUE(keeper_.is_draining());
  ASSERT_EQ(targets_.all.size(), 1U);
  EXPECT_FALSE(targets_.all[0].serves_application);
  targets_.on_drained();
  EXPECT_EQ(stopped_, 0);

  targets_.on_drained();

  EXPECT_EQ(stopped_, 1);
}

TEST_F(DrainKeeperTest, WhatIsLeftAtTheDrainDeadlineIsClosed) {
  keeper_.drain();
  scheduler_.advance(settings_.drain - 1ms);
  EXPECT_EQ(stopped_, 0);

  scheduler_.advance(1ms);

  EXPECT_EQ(stopped_, 1);
  EXPECT_TRUE(captured_.contains("drain deadline passed"));
}

TEST_F(DrainKeeperTest, ASecondDrainIsTheFirst) {
  keeper_.drain();
  scheduler_.advance(15s);
  keeper_.drain();
  EXPECT_EQ(begun_, 1);
  EXPECT_EQ(targets_.all.size(), 1U);

  scheduler_.advance(5s);

  EXPECT_EQ(stopped_, 1) << "the deadline is the first's";
}

TEST_F(DrainKeeperTest, ADrainCutsAWaitShort) {
  connect();
  leave();
  scheduler_.advance(2s);

  keeper_.drain();

  ASSERT_EQ(left_.size(), 1U);
  EXPECT_EQ(left_[0].end, LeaveEnd::kEnded);
  EXPECT_GE(left_[0].waited, 2s);
  EXPECT_EQ(begun_, 1) << "it was not ready already";
  ASSERT_EQ(targets_.all.size(), 1U);
  EXPECT_TRUE(targets_.all[0].serves_application) << "the application ends after its sidecar was told";
  release(ReleaseState::kAcknowledged);
  EXPECT_TRUE(targets_.inbound.empty());
  EXPECT_EQ(left_.size(), 1U);
}

TEST_F(DrainKeeperTest, ADrainWhileCallersAreConnectedTellsThatItWasReleased) {
  connect();
  leave();
  release(ReleaseState::kAcknowledged);

  keeper_.drain();

  ASSERT_EQ(left_.size(), 1U);
  EXPECT_EQ(left_[0].end, LeaveEnd::kAcknowledged);
  callers_go();
  scheduler_.advance(settings_.drain);
  EXPECT_EQ(left_.size(), 1U);
}

TEST_F(DrainKeeperTest, WhoLeavesAfterADrainIsAnsweredAtOnce) {
  keeper_.drain();

  leave();

  ASSERT_EQ(left_.size(), 1U);
  EXPECT_EQ(left_[0].end, LeaveEnd::kEnded);
  EXPECT_TRUE(targets_.inbound.empty());
}

TEST_F(DrainKeeperTest, WhoAwaitsOneThatDoesNotLeaveIsToldSo) {
  await_left();
  scheduler_.advance(DrainKeeper::kBegins - 1ms);
  EXPECT_TRUE(awaited_.empty());

  scheduler_.advance(1ms);

  ASSERT_EQ(awaited_.size(), 1U);
  EXPECT_EQ(awaited_[0].end, LeaveEnd::kNotLeaving);
  EXPECT_EQ(begun_, 0) << "whoever asks changes nothing";
  EXPECT_EQ(state(), State::kServing);
}

TEST_F(DrainKeeperTest, WhoAwaitsAgainAndAgainKeepsNobodyWaiting) {
  await_left();
  scheduler_.advance(DrainKeeper::kBegins - 1ms);
  await_left();

  scheduler_.advance(1ms);

  EXPECT_EQ(awaited_.size(), 2U);
}

TEST_F(DrainKeeperTest, OfManyWhoAwaitTheLastAreToldAtOnce) {
  for (size_t i = 0; i <= DrainKeeper::kMostWaiting; ++i) await_left();
  ASSERT_EQ(awaited_.size(), 1U);
  EXPECT_EQ(awaited_[0].end, LeaveEnd::kNotLeaving);
}

TEST_F(DrainKeeperTest, WhoAwaitsALittleBeforeItLeavesIsAnsweredWithIt) {
  connect();
  await_left();
  scheduler_.advance(1s);
  leave();
  release(ReleaseState::kWaiting, 1);
  scheduler_.advance(5s);
  EXPECT_TRUE(awaited_.empty());
  release(ReleaseState::kAcknowledged);
  callers_go();
  ASSERT_EQ(awaited_.size(), 1U);
  EXPECT_EQ(awaited_[0].end, LeaveEnd::kAcknowledged);

  await_left();

  EXPECT_EQ(awaited_.size(), 2U) << "at once: it is over";
}

TEST_F(DrainKeeperTest, WhoAwaitsOneThatIsToldToEndIsNotLeftWaiting) {
  await_left();

  keeper_.drain();

  ASSERT_EQ(awaited_.size(), 1U);
  EXPECT_EQ(awaited_[0].end, LeaveEnd::kEnded);
}

TEST_F(DrainKeeperTest, WhoAwaitsOneThatEndsAlreadyIsAnsweredAtOnce) {
  keeper_.drain();

  await_left();

  ASSERT_EQ(awaited_.size(), 1U);
  EXPECT_EQ(awaited_[0].end, LeaveEnd::kEnded);
}
}  // namespace
}  // namespace heddle
