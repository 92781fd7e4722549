// HandshakeGate: alone, with a turn that is a step of the clock; then with real handshakes.
#include "lib/tls/handshake_gate.h"

#include <gtest/gtest.h>

#include <deque>

#include "tests/support/manual_scheduler.h"
#include "tests/unit/lib/tls/tls_rig.h"

namespace heddle {
namespace {
struct Shake final : HandshakeGate::Handshake {
  void on_admitted() override { ++admitted; }
  int admitted = 0;
};

struct Watch final : HandshakeGate::Watcher {
  void on_in_flight(size_t now) override { in_flight = now; }
  void on_delayed() override { ++delayed; }
  size_t in_flight = 0;
  int delayed = 0;
};

class HandshakeGateTest : public testing::Test {
 protected:
  void next_turn() { time.advance(2ms); }
  size_t admitted() const {
    size_t n = 0;
    for (const Shake& shake : shakes) n += shake.admitted > 0 ? 1 : 0;
    return n;
  }
  ManualScheduler time;
  Watch watch;
  HandshakeGate gate{time, {5, 3}, &watch};
  std::deque<Shake> shakes{10};
};

TEST_F(HandshakeGateTest, TakesSoManyStepsInATurnAndTheRestInThoseThatFollow) {
  std::vector<bool> at_once;
  for (size_t i = 0; i < 5; ++i) at_once.push_back(gate.admit(shakes[i]));
  EXPECT_EQ(at_once, (std::vector<bool>{true, true, true, false, false}));
  EXPECT_EQ(watch.delayed, 2);
  EXPECT_EQ(gate.waiting(), 2U);

  next_turn();

  EXPECT_EQ(gate.waiting(), 0U);
  EXPECT_EQ(admitted(), 2U);
  EXPECT_TRUE(gate.admit(shakes[3]));
  EXPECT_TRUE(gate.admit(shakes[4]));
  EXPECT_EQ(watch.in_flight, 5U);
}

TEST_F(HandshakeGateTest, WhoStallsInTheMiddleHoldsOthersUpByTheLeastRateOnly) {
  HandshakeGate least(time, {2, 8, 10}, nullptr);
  for (size_t i = 0; i < 10; ++i) least.admit(shakes[i]);
  EXPECT_EQ(least.in_flight(), 2U);

  time.advance(510ms);

  EXPECT_EQ(admitted(), 5U);
  EXPECT_EQ(least.in_flight(), 7U);
  for (Shake& shake : shakes) shake.leave();
}

TEST_F(HandshakeGateTest, APlaceThatBecomesFreeIsTakenBeforeTheLeastRateSays) {
  HandshakeGate least(time, {2, 8, 1}, nullptr);
  for (size_t i = 0; i < 4; ++i) least.admit(shakes[i]);
  next_turn();
  EXPECT_EQ(admitted(), 0U);

  shakes[0].leave();
  next_turn();

  EXPECT_EQ(admitted(), 1U);
  for (Shake& shake : shakes) shake.leave();
}

TEST_F(HandshakeGateTest, LetsNobodyBeginWhileEveryPlaceIsTaken) {
  for (size_t i = 0; i < 10; ++i) {
    gate.admit(shakes[i]);
    if (i % 3 == 2) next_turn();
  }
  for (size_t i = 0; i < 5; ++i) next_turn();
  ASSERT_EQ(gate.in_flight(), 5U);

  shakes[0].leave();
  shakes[0].leave();
  next_turn();

  EXPECT_EQ(gate.in_flight(), 5U);
  EXPECT_EQ(shakes[5].admitted, 1);
  EXPECT_EQ(shakes[6].admitted, 0);
}

TEST_F(HandshakeGateTest, WhoHasBegunGoesFirst) {
  ASSERT_TRUE(gate.admit(shakes[0]));
  for (size_t i = 1; i < 6; ++i) gate.admit(shakes[i]);
  ASSERT_FALSE(gate.admit(shakes[0]));  // its second step, behind three who wait for their first

  next_turn();

  EXPECT_EQ(shakes[0].admitted, 1);
  EXPECT_EQ(admitted(), 3U);
}

TEST_F(HandshakeGateTest, ANewcomerDoesNotOvertakeThoseWhoWait) {
  for (size_t i = 0; i < 9; ++i) gate.admit(shakes[i]);
  for (size_t i = 0; i < 3; ++i) shakes[i].leave();
  next_turn();
  time.advance(Duration{1});  // a turn with steps to spare, before the queue is looked at

  EXPECT_FALSE(gate.admit(shakes[9]));
}

TEST_F(HandshakeGateTest, WhoDiesWaitingIsForgotten) {
  auto gone = std::make_unique<Shake>();
  for (size_t i = 0; i < 3; ++i) gate.admit(shakes[i]);
  ASSERT_FALSE(gate.admit(*gone));

  gone.reset();
  next_turn();

  EXPECT_EQ(gate.in_flight(), 3U);
}

class TlsThroughAGate : public TlsRig {
 protected:
  Watch watch;
  HandshakeGate gate{loop, {1, 1}, &watch};
  TlsSetup gated() { return gated(gate); }
  TlsSetup gated(HandshakeGate& by) {
    TlsSetup setup = server_setup();
    setup.gate = &by;
    return setup;
  }
};

TEST_F(TlsThroughAGate, OneAfterTheOther) {
  make(client_setup(), gated());
  RecordingObserver at_second, at_second_server;
  auto [a, b] = make_memory_pair(loop);
  auto second = make_tls_transport(loop, std::move(a), client_setup());
  auto second_server = make_tls_transport(loop, std::move(b), gated());
  second->observe(&at_second);
  second_server->observe(&at_second_server);

  run_until([&] { return at_server.saw("connected") && at_second_server.saw("connected"); });

  EXPECT_EQ(watch.delayed, 1);
  EXPECT_EQ(gate.in_flight(), 0U);
}

TEST_F(TlsThroughAGate, AnEndThatOvertakesTheWaitIsNotAFailure) {
  ManualScheduler time;
  HandshakeGate slow(time, {1, 1}, nullptr);  // one step, until its time goes on
  make(client_setup(), gated(slow));
  run_until([this] { return at_client.saw("connected"); });
  (void)client->write(bytes("all I have to say"));
  client->finish();
  settle();
  ASSERT_FALSE(at_server.saw("connected"));

  time.advance(2ms);
  run_until([this] { return at_server.saw("end") || at_server.is_closed(); });

  EXPECT_EQ(at_server.received, "all I have to say");
  EXPECT_TRUE(at_server.saw("end"));
  server.reset();
}

TEST_F(TlsThroughAGate, AFailureGivesItsPlaceBack) {
  auto [a, b] = make_memory_pair(loop);
  server = over(std::move(b), TlsRole::kServer, gated());
  server->observe(&at_server);

  (void)a->write(bytes("\x16\x03\x01"));
  run_until([this] { return gate.in_flight() == 1; });
  a->finish();
  run_until([this] { return at_server.is_closed(); });

  EXPECT_EQ(at_server.closed->reason, Reason::kTlsHandshakeFailed);
  EXPECT_EQ(gate.in_flight(), 0U);
}
}  // namespace
}  // namespace heddle
