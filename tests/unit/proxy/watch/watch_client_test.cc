#include "tests/unit/proxy/watch/watch_rig.h"

namespace heddle {
namespace {
using namespace watch_test;
class WatchClientTest : public WatchRig {};

TEST_F(WatchClientTest, SaysHelloWithWhatItWants) {
  connect();

  EXPECT_EQ(last_hello().node, "node-1");
  EXPECT_EQ(last_hello().wants, std::vector{service("a")});
  EXPECT_FALSE(last_hello().version);
  EXPECT_EQ(client_.status().state, WatchState::kSyncing);
}

TEST_F(WatchClientTest, PublishesAndAcknowledgesASnapshot) {
  connect();

  snapshot(v(1), a_);

  EXPECT_EQ(running(), v(1));
  EXPECT_EQ(channel_.heard_of<WatchAck>(), std::vector{WatchAck{v(1)}});
  EXPECT_EQ(client_.status().state, WatchState::kLive);
}

TEST_F(WatchClientTest, AppliesADeltaThatLeadsToTheAnnouncedHash) {
  connect();
  snapshot(v(1), a_);

  batch(BatchKind::kDelta, v(2), b_, hash_of(ab_));

  EXPECT_EQ(running(), v(2));
  EXPECT_TRUE(holds_service(*client_.snapshots().current(), service("a")));
}

TEST_F(WatchClientTest, AsksForEverythingWhenTheHashDiffers) {
  connect();
  snapshot(v(1), a_);

  batch(BatchKind::kDelta, v(2), b_, std::string(kNothing));

  EXPECT_EQ(running(), v(1));
  EXPECT_EQ(channel_.heard_of<WatchHello>().size(), 2U);
  EXPECT_FALSE(last_hello().version);
  EXPECT_TRUE(channel_.heard_of<WatchNack>().empty());
}

TEST_F(WatchClientTest, SkipsDeltasUntilEverythingCame) {
  connect();
  snapshot(v(1), a_);
  batch(BatchKind::kDelta, v(2), b_, std::string(kNothing));

  batch(BatchKind::kDelta, v(3), b_, hash_of(ab_));
  Version between = running();
  snapshot(v(3), ab_);

  EXPECT_EQ(between, v(1));
  EXPECT_EQ(running(), v(3));
}

TEST_F(WatchClientTest, RefusesASnapshotThatIsNotWhatItAnnounced) {
  connect();

  batch(BatchKind::kSnapshot, v(1), a_, std::string(kNothing));

  EXPECT_EQ(client_.snapshots().current(), nullptr);
  EXPECT_EQ(channel_.heard_of<WatchNack>().size(), 1U);
  EXPECT_EQ(client_.status().state, WatchState::kBackoff);
}

TEST_F(WatchClientTest, RefusesABadResourceWithItsPathAndKeepsTheOld) {
  connect();
  snapshot(v(1), a_);
  Resource bad = with_nonsense(b_.front());

  batch(BatchKind::kDelta, v(2), {bad}, std::string(kNothing));

  auto nacks = channel_.heard_of<WatchNack>();
  ASSERT_EQ(nacks.size(), 1U);
  EXPECT_EQ(nacks[0].version, v(2));
  EXPECT_EQ(nacks[0].errors[0].resource, bad.key.text());
  EXPECT_EQ(nacks[0].errors[0].path, "spec.nonsense");
  EXPECT_EQ(running(), v(1));
  EXPECT_EQ(client_.status().refused, v(2));
}

TEST_F(WatchClientTest, TakesTheNextVersionAfterARefusal) {
  connect();
  snapshot(v(1), a_);
  Resource bad = with_nonsense(b_.front());
  batch(BatchKind::kDelta, v(2), {bad}, std::string(kNothing));

  batch(BatchKind::kDelta, v(3), b_, hash_of(ab_));

  EXPECT_EQ(running(), v(3));
  EXPECT_TRUE(client_.status().problems.empty());
}

TEST_F(WatchClientTest, AcknowledgesADuplicateWithoutPublishingIt) {
  connect();
  snapshot(v(1), a_);
  auto before = client_.snapshots().current();

  snapshot(v(1), a_);

  EXPECT_EQ(client_.snapshots().current(), before);
  EXPECT_EQ(channel_.heard_of<WatchAck>().size(), 2U);
}

TEST_F(WatchClientTest, ResumesFromTheVersionItHolds) {
  connect();
  snapshot(v(1), a_);

  channel_.observer->on_closed(make_error(Reason::kUpstreamClosed, "gone"));
  scheduler_.advance(1200ms);
  open();

  EXPECT_EQ(last_hello().version, v(1));
  EXPECT_EQ(last_hello().hash, hash_of(a_));
  EXPECT_EQ(channel_.dialled, (std::vector<size_t>{0, 1}));
}

TEST_F(WatchClientTest, IsAtTheNextAddressWithinASecondOfAClosedStream) {
  connect();
  snapshot(v(1), a_);

  channel_.observer->on_closed(make_error(Reason::kUpstreamClosed, "reset"));
  scheduler_.advance(1s);
  open();

  EXPECT_EQ(channel_.dialled, (std::vector<size_t>{0, 1}));
  EXPECT_EQ(last_hello().hash, hash_of(a_));
}

TEST_F(WatchClientTest, IsAtTheNextAddressSoonHoweverLongItWaitedBefore) {
  client_.start();
  run();
  for (int i = 0; i < 10; ++i) {
    if (channel_.observer != nullptr) channel_.observer->on_closed(make_error(Reason::kUpstreamConnectRefused, "no"));
    scheduler_.advance(150s);
  }
  while (channel_.observer == nullptr) scheduler_.advance(1s);
  open();
  heartbeat(v(1));
  size_t before = channel_.dialled.size();

  channel_.observer->on_closed(make_error(Reason::kUpstreamClosed, "reset"));
  scheduler_.advance(1s);

  EXPECT_EQ(channel_.dialled.size(), before + 1);
}

TEST_F(WatchClientTest, IsAtTheNextAddressWithin16SecondsOfTheLastWord) {
  connect();
  heartbeat(v(1));

  scheduler_.advance(WatchClient::kMissedHeartbeats + 1s);

  EXPECT_EQ(channel_.dialled, (std::vector<size_t>{0, 1}));
}

TEST_F(WatchClientTest, ServesOnWhileTheControlPlaneIsAway) {
  connect();
  snapshot(v(1), a_);

  channel_.observer->on_closed(make_error(Reason::kUpstreamClosed, "gone"));
  scheduler_.advance(10s);

  EXPECT_EQ(running(), v(1));
  EXPECT_GE(client_.status().lag, 10s);
}

TEST_F(WatchClientTest, WaitsLongerAfterEveryFailure) {
  client_.start();
  run();
  channel_.observer->on_closed(make_error(Reason::kUpstreamConnectRefused, "refused"));
  scheduler_.advance(1200ms);
  size_t second = channel_.dialled.size();
  channel_.observer->on_closed(make_error(Reason::kUpstreamConnectRefused, "refused"));

  scheduler_.advance(1200ms);
  size_t too_early = channel_.dialled.size();
  scheduler_.advance(800ms);

  EXPECT_EQ(second, 2U);
  EXPECT_EQ(too_early, 2U);
  EXPECT_EQ(channel_.dialled.size(), 3U);
}

TEST_F(WatchClientTest, GivesUpAStreamThatIsSilent) {
  connect();
  heartbeat(v(1));

  scheduler_.advance(14s);
  WatchState before = client_.status().state;
  scheduler_.advance(1s);

  EXPECT_EQ(before, WatchState::kLive);
  EXPECT_EQ(client_.status().state, WatchState::kBackoff);
}

TEST_F(WatchClientTest, StaysWhileHeartbeatsCome) {
  connect();
  for (int i = 0; i < 10; ++i) {
    heartbeat(v(1));
    scheduler_.advance(5s);
  }

  EXPECT_EQ(client_.status().state, WatchState::kLive);
  EXPECT_EQ(channel_.dialled.size(), 1U);
}

TEST_F(WatchClientTest, GivesUpAConnectionThatNeverOpens) {
  client_.start();
  run();

  scheduler_.advance(WatchClient::kConnect);

  EXPECT_EQ(client_.status().state, WatchState::kBackoff);
}

TEST_F(WatchClientTest, HasNoLagWhenItRunsTheNewest) {
  connect();
  snapshot(v(1), a_);
  heartbeat(v(1));
  scheduler_.advance(4s);

  EXPECT_EQ(client_.status().lag, Duration{});
}

TEST_F(WatchClientTest, CountsTheLagFromWhenANewerVersionWasTold) {
  connect();
  snapshot(v(1), a_);
  heartbeat(v(1));

  heartbeat(v(2));
  scheduler_.advance(4s);

  EXPECT_EQ(client_.status().lag, 4s);
  EXPECT_EQ(client_.status().newest, v(2));
}

TEST_F(WatchClientTest, NeverGoesBackWithinAnEpoch) {
  connect();
  snapshot(v(5), ab_);

  snapshot(v(4), a_);

  EXPECT_EQ(running(), v(5));
  EXPECT_EQ(client_.status().state, WatchState::kBackoff);
}

TEST_F(WatchClientTest, GoesBackWhenNobodyHasTheNewer) {
  connect();
  snapshot(v(5), ab_);
  for (int i = 0; i < WatchClient::kBackwardsLimit; ++i) {
    snapshot(v(4), a_);
    scheduler_.advance(10s);
    open();
  }

  bool asked_for_everything = !last_hello().version;
  snapshot(v(4), a_);

  EXPECT_TRUE(asked_for_everything);
  EXPECT_EQ(running(), v(4));
}

TEST_F(WatchClientTest, FollowsANewEpoch) {
  connect();
  snapshot(v(5), ab_);

  snapshot(v(1, 2), a_);

  EXPECT_EQ(running(), v(1, 2));
}

TEST_F(WatchClientTest, WaitsAsLongAsItIsTold) {
  connect();

  channel_.say(WatchRetryAfter{60s});
  scheduler_.advance(45s);
  size_t before = channel_.dialled.size();
  scheduler_.advance(30s);

  EXPECT_EQ(before, 1U);
  EXPECT_EQ(channel_.dialled.size(), 2U);
}

TEST_F(WatchClientTest, GoesToTheNextReplicaWhenOneDrains) {
  connect();

  channel_.say(WatchDrain{});
  scheduler_.advance(1001ms);

  EXPECT_EQ(channel_.dialled, (std::vector<size_t>{0, 1}));
}

TEST_F(WatchClientTest, EndsAStreamThatTalksNonsense) {
  connect();

  channel_.observer->on_line("{\"surprise\":{}}");
  run();

  EXPECT_EQ(client_.status().state, WatchState::kBackoff);
  EXPECT_EQ(channel_.observer, nullptr);
}

TEST_F(WatchClientTest, ThrowsAnUnfinishedBatchAway) {
  connect();
  channel_.say(WatchBegin{BatchKind::kSnapshot, std::nullopt, v(1)});
  channel_.say(WatchPut{b_.front().key, b_.front().json});

  snapshot(v(2), a_);

  EXPECT_EQ(running(), v(2));
  EXPECT_FALSE(holds_service(*client_.snapshots().current(), service("b")));
}

TEST_F(WatchClientTest, WritesTheLastGoodSnapshotOnceForVersionsInARow) {
  connect();
  snapshot(v(1), a_);
  snapshot(v(2), ab_);

  scheduler_.advance(1s);

  EXPECT_EQ(worker_.stores, 1);
  EXPECT_TRUE(BatchApplier().restore(worker_.disk));
}

TEST_F(WatchClientTest, StartsFromDiskBeforeAnybodyAnswers) {
  BatchApplier earlier;
  WatchBatch batch{{BatchKind::kSnapshot, std::nullopt, v(7)}, {}, {v(7), hash_of(ab_)}, 0};
  for (const Resource& r : ab_) batch.lines.push_back(encode_put(r.key.text(), r.json));
  for (std::string& line : batch.lines) line.pop_back();
  ASSERT_NE(earlier.apply(batch).snapshot, nullptr);
  worker_.disk = earlier.last_good_text({service("b")});

  connect();

  EXPECT_EQ(running(), v(7));
  EXPECT_TRUE(client_.status().from_disk);
  EXPECT_EQ(last_hello().version, v(7));
  EXPECT_EQ(last_hello().wants, (std::vector{service("a"), service("b")}));
}

TEST_F(WatchClientTest, IgnoresACorruptFileAndConnects) {
  worker_.disk = "{\"want\":";

  connect();

  EXPECT_EQ(client_.snapshots().current(), nullptr);
  EXPECT_EQ(channel_.heard_of<WatchHello>().size(), 1U);
}
}  // namespace
}  // namespace heddle
