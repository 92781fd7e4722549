// KeepAlivePing: the decision alone, on times set by hand; then both codecs that carry it out.
#include "lib/http/keep_alive_ping.h"

#include <gtest/gtest.h>

#include "tests/support/h2_frames.h"
#include "tests/support/h2_rig.h"

namespace heddle {
namespace {
using Verdict = KeepAlivePing::Verdict;
constexpr MonoTime kStart{1000s};

KeepAlivePing watched() {
  KeepAlivePing keep_alive(kStart);
  keep_alive.set(KeepAlive{});
  return keep_alive;
}

TEST(KeepAlivePing, AsksOnceAfterThirtySilentSeconds) {
  KeepAlivePing keep_alive = watched();

  EXPECT_EQ(keep_alive.due(), kStart + 30s);
  EXPECT_EQ(keep_alive.judge(kStart + 29s), Verdict::kWait);
  EXPECT_EQ(keep_alive.judge(kStart + 30s), Verdict::kPing);
  EXPECT_EQ(keep_alive.judge(kStart + 31s), Verdict::kWait);
}

TEST(KeepAlivePing, GivesUpTenSecondsAfterAsking) {
  KeepAlivePing keep_alive = watched();
  ASSERT_EQ(keep_alive.judge(kStart + 30s), Verdict::kPing);

  EXPECT_EQ(keep_alive.due(), kStart + 40s);
  EXPECT_EQ(keep_alive.judge(kStart + 40s), Verdict::kDead);
  EXPECT_EQ(keep_alive.silence(kStart + 40s), 40s);
}

TEST(KeepAlivePing, AnyByteBeginsAnew) {
  KeepAlivePing keep_alive = watched();
  ASSERT_EQ(keep_alive.judge(kStart + 30s), Verdict::kPing);

  keep_alive.heard(kStart + 39s);

  EXPECT_EQ(keep_alive.judge(kStart + 68s), Verdict::kWait);
  EXPECT_EQ(keep_alive.judge(kStart + 69s), Verdict::kPing);
}

TEST(KeepAlivePing, WhoSleptItselfAsksAgainBeforeItJudges) {
  KeepAlivePing keep_alive = watched();
  ASSERT_EQ(keep_alive.judge(kStart + 30s), Verdict::kPing);

  EXPECT_EQ(keep_alive.judge(kStart + 90s), Verdict::kPing);
  EXPECT_EQ(keep_alive.judge(kStart + 100s), Verdict::kDead);
}

TEST(KeepAlivePing, IsSilentWhenOff) {
  KeepAlivePing keep_alive(kStart);

  EXPECT_EQ(keep_alive.due(), std::nullopt);
  EXPECT_EQ(keep_alive.judge(kStart + 1h), Verdict::kWait);
}

// A codec whose peer has said what it must and is silent from then on.
template <class Rig>
void begin(Rig& rig, const std::string& peer_says) {
  rig.codec().set_keep_alive(KeepAlive{});
  rig.out();
  ASSERT_TRUE(rig.feed(peer_says));
  rig.out();
}
template <class Rig>
Result<void> pass(Rig& rig, Duration time) {
  rig.clock.advance(time);
  return rig.codec().expire();
}
const std::string kServerStart = h2::settings({}) + h2::frame(h2::kSettings, h2::kAck, 0);

TEST(Http2KeepAlive, AnIdleClientAsksAndEndsASilentConnection) {
  h2::ClientRig rig;
  begin(rig, kServerStart);
  EXPECT_EQ(rig.codec().wake_at(), rig.clock.now() + 30s);

  ASSERT_TRUE(pass(rig, 30s));
  EXPECT_EQ(h2::only(h2::kPing, rig.out()).size(), 1U);
  auto ended = pass(rig, 10s);

  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().reason, Reason::kUpstreamClosed);
  EXPECT_EQ(ended.error().detail, "the peer has been silent for 40s and did not answer a PING");
  EXPECT_EQ(rig.codec().wake_at(), std::nullopt);
}

TEST(Http2KeepAlive, AnAnsweredPingKeepsTheConnection) {
  h2::ClientRig rig;
  begin(rig, kServerStart);
  ASSERT_TRUE(pass(rig, 30s));
  auto pings = h2::only(h2::kPing, rig.out());
  ASSERT_EQ(pings.size(), 1U);

  ASSERT_TRUE(rig.feed(h2::frame(h2::kPing, h2::kAck, 0, pings[0].payload)));

  EXPECT_TRUE(pass(rig, 10s));
  EXPECT_TRUE(rig.codec().reusable());
}

TEST(Http2KeepAlive, AServerWatchesOnlyConnectionsWithStreams) {
  h2::ServerRig idle;
  h2::ServerRig busy;
  begin(idle, h2::client_start());
  begin(busy, h2::client_start() + h2::headers(1, h2::get(), h2::kEndHeaders | h2::kEndStream));

  EXPECT_EQ(idle.codec().wake_at(), std::nullopt);
  ASSERT_TRUE(pass(busy, 30s));
  EXPECT_EQ(h2::only(h2::kPing, busy.out()).size(), 1U);
  auto ended = pass(busy, 10s);
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().reason, Reason::kDownstreamClosed);
}

TEST(Http2KeepAlive, APeerThatIsNotReadIsNotJudged) {
  HttpLimits limits;
  limits.control_frames = 3;
  h2::ServerRig rig(limits);
  begin(rig, h2::client_start() + h2::headers(1, h2::get(), h2::kEndHeaders | h2::kEndStream));
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(rig.feed(h2::frame(h2::kPing, 0, 0, "12345678")));
  ASSERT_FALSE(rig.codec().wants_read());

  EXPECT_TRUE(pass(rig, 40s));
  EXPECT_TRUE(pass(rig, 40s));
}
}  // namespace
}  // namespace heddle
