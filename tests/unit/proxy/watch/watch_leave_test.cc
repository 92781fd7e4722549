// What a sidecar asks the control plane when it is about to end.
#include "tests/unit/proxy/watch/watch_rig.h"

namespace heddle {
namespace {
using namespace watch_test;

class WatchClientLeaveTest : public WatchRig {
 protected:
  void leave(Duration within = 25s) {
    client_.leave({{*Address::from_ip("10.0.0.7", 0)}, within},
                  [this](const WatchRelease& release) { told_.push_back(release); });
  }
  std::vector<WatchDraining> said() const { return channel_.heard_of<WatchDraining>(); }
  std::vector<WatchRelease> told_;
};

TEST_F(WatchClientLeaveTest, SaysNothingBeforeItLeaves) {
  connect();

  EXPECT_TRUE(said().empty());
  EXPECT_FALSE(client_.leave_asked_at());
}

TEST_F(WatchClientLeaveTest, AsksOnTheStreamThatIsOpen) {
  connect();

  leave();

  ASSERT_EQ(said().size(), 1U);
  EXPECT_EQ(said()[0].addresses, std::vector<Address>{*Address::from_ip("10.0.0.7", 0)});
  EXPECT_EQ(said()[0].within, 25s);
  EXPECT_EQ(client_.leave_asked_at(), scheduler_.now());
}

TEST_F(WatchClientLeaveTest, HandsOverEachAnswerUntilTheLast) {
  connect();
  leave();
  channel_.say(WatchRelease{ReleaseState::kWaiting, 3, 2, true});
  channel_.say(WatchRelease{ReleaseState::kAcknowledged, 3, 0, false});
  channel_.say(WatchRelease{ReleaseState::kWaiting, 1, 1, false});

  ASSERT_EQ(told_.size(), 2U);
  EXPECT_EQ(told_[0].missing, 2U);
  EXPECT_EQ(told_[1].state, ReleaseState::kAcknowledged);
}

TEST_F(WatchClientLeaveTest, AsksTheNextControlPlaneWithTheTimeThatIsLeft) {
  connect();
  leave(25s);
  scheduler_.advance(3s);
  channel_.observer->on_closed(make_error(Reason::kUnavailable, "gone"));
  EXPECT_FALSE(client_.leave_asked_at());
  scheduler_.advance(2s);
  open();

  ASSERT_EQ(said().size(), 2U);
  EXPECT_LT(said()[1].within, 23s);
  EXPECT_TRUE(std::holds_alternative<WatchDraining>(channel_.heard.back())) << "after the hello";
}

TEST_F(WatchClientLeaveTest, WithoutAStreamItAsksWhenThereIsOne) {
  leave();
  EXPECT_TRUE(said().empty());

  connect();

  EXPECT_EQ(said().size(), 1U);
}

TEST_F(WatchClientLeaveTest, ReleasedItAsksNobodyElse) {
  connect();
  leave();
  channel_.say(WatchRelease{ReleaseState::kAcknowledged, 0, 0, false});
  channel_.observer->on_closed(make_error(Reason::kUnavailable, "gone"));
  scheduler_.advance(2s);
  open();

  EXPECT_EQ(said().size(), 1U);
}

TEST_F(WatchClientLeaveTest, AnAnswerThatNobodyAskedForIsNothing) {
  connect();

  channel_.say(WatchRelease{ReleaseState::kAcknowledged, 0, 0, false});

  EXPECT_TRUE(told_.empty());
  EXPECT_NE(channel_.observer, nullptr);
}
}  // namespace
}  // namespace heddle
