#include "tests/unit/proxy/watch/watch_rig.h"

namespace heddle {
namespace {
using namespace watch_test;
class WatchReportTest : public WatchRig {
 protected:
  std::vector<WatchReport> reports() { return channel_.heard_of<WatchReport>(); }
  void count() {
    client_.set_report([this] {
      WatchReport report;
      report.counters = {{"outbound.requests", ++asked_}};
      report.backends = {{"shop/cart", 0, 2}};
      return report;
    });
  }
  uint64_t asked_ = 0;
};

TEST_F(WatchReportTest, SaysEveryFiveSecondsWhatIsCounted) {
  count();
  connect();
  snapshot(v(1), a_);
  heartbeat(v(1));

  scheduler_.advance(WatchClient::kReportEvery);
  heartbeat(v(1));
  scheduler_.advance(WatchClient::kReportEvery);

  ASSERT_EQ(reports().size(), 2U);
  EXPECT_EQ(reports()[1].counters, (TrafficCounters{{"outbound.requests", 2}}));
  EXPECT_EQ(reports()[1].version, v(1));
  EXPECT_EQ(reports()[1].lag, Duration(0));
  EXPECT_EQ(reports()[1].backends, (std::vector<BackendTrouble>{{"shop/cart", 0, 2}}));
}

TEST_F(WatchReportTest, SaysHowFarItsClockIsFromTheControlPlanes) {
  count();
  connect();
  snapshot(v(1), a_);
  channel_.say(WatchHeartbeat{v(1), scheduler_.wall() - 90s, {}});
  scheduler_.advance(WatchClient::kReportEvery);
  channel_.say(WatchHeartbeat{v(1), scheduler_.wall() + 2 * kMaxClockAhead, {}});
  scheduler_.advance(WatchClient::kReportEvery);

  ASSERT_EQ(reports().size(), 2U);
  EXPECT_EQ(reports()[0].clock_ahead, 90s);
  EXPECT_EQ(reports()[1].clock_ahead, -kMaxClockAhead);
}

TEST_F(WatchReportTest, SaysNothingBeforeItIsGreeted) {
  count();
  client_.start();
  scheduler_.advance(WatchClient::kReportEvery);

  EXPECT_TRUE(channel_.heard.empty());
  EXPECT_EQ(asked_, 0U);
}

TEST_F(WatchReportTest, WithoutCountersThereAreNone) {
  connect();
  snapshot(v(1), a_);
  scheduler_.advance(WatchClient::kReportEvery);

  EXPECT_TRUE(reports().empty());
}

// In a staged rollout the number stays and the content changes.
TEST_F(WatchReportTest, TakesOtherContentOfTheSameVersion) {
  connect();
  snapshot(v(1), a_);

  batch(BatchKind::kDelta, v(1), b_, hash_of(ab_));

  EXPECT_TRUE(holds_service(*client_.snapshots().current(), service("b")));
  EXPECT_EQ(channel_.heard_of<WatchAck>(), (std::vector{WatchAck{v(1)}, WatchAck{v(1)}}));
}
}  // namespace
}  // namespace heddle
