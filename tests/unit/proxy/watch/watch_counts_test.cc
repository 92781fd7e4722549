#include "tests/unit/proxy/watch/watch_rig.h"

namespace heddle {
namespace {
using namespace watch_test;

class WatchCounts : public WatchRig {
 protected:
  void connect_again() {
    channel_.observer->on_closed(make_error(Reason::kUpstreamClosed, "gone"));
    scheduler_.advance(1200ms);
    open();
  }
  void expect(uint64_t snapshots, uint64_t deltas, uint64_t resumes) {
    ConfigCounts counts = client_.counts();
    EXPECT_EQ(counts.snapshots, snapshots);
    EXPECT_EQ(counts.deltas, deltas);
    EXPECT_EQ(counts.resumes, resumes);
  }
};

TEST_F(WatchCounts, TellEverythingFromAChange) {
  connect();

  snapshot(v(1), a_);
  batch(BatchKind::kDelta, v(2), b_, hash_of(ab_));

  expect(1, 1, 0);
}

TEST_F(WatchCounts, TellAResumeFromAFullResync) {
  connect();
  snapshot(v(1), a_);
  connect_again();

  batch(BatchKind::kDelta, v(2), b_, hash_of(ab_));

  expect(1, 0, 1);
}

TEST_F(WatchCounts, StandStillWhenNothingChangedWhileAway) {
  connect();
  snapshot(v(1), a_);
  connect_again();

  heartbeat(v(1));

  expect(1, 0, 0);
}

TEST_F(WatchCounts, CountAFullResyncEvenOfTheSameVersion) {
  connect();
  snapshot(v(1), a_);
  connect_again();

  snapshot(v(1), a_);

  expect(2, 0, 0);
}

TEST_F(WatchCounts, TellWhatWasRefused) {
  connect();
  snapshot(v(1), a_);
  Resource bad = with_nonsense(b_.front());

  batch(BatchKind::kDelta, v(2), {bad}, std::string(kNothing));

  EXPECT_EQ(client_.counts().refused, 1U);
}

TEST_F(WatchCounts, LeaveOutWhatIsSkipped) {
  connect();
  snapshot(v(1), a_);
  batch(BatchKind::kDelta, v(2), b_, std::string(kNothing));

  batch(BatchKind::kDelta, v(3), b_, hash_of(ab_));

  expect(1, 1, 0);
}
}  // namespace
}  // namespace heddle
