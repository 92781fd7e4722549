// Draining a worker: what is in flight ends in peace, nothing new is accepted, and all of it within the deadline.
#include <gtest/gtest.h>

#include <future>

#include "tests/support/h2_frames.h"
#include "tests/support/mesh_fixture.h"
#include "tests/support/run_turns.h"

namespace heddle {
namespace {
class Drain : public MeshFixture {
 protected:
  // An origin whose answer waits for release(), but that of /now. It outlives this object: it holds a future of its
  // own.
  RawOrigin& add_waiting_origin() {
    return add_origin([released = released_](BlockingClient& peer, int, std::atomic<int>& requests) {
      for (std::string request; !(request = read_request(peer)).empty();) {
        ++requests;
        if (request.find(" /now ") == request.npos) released.wait();
        peer.send(http_answer("late"));
      }
    });
  }
  void release() { release_.set_value(); }
  void begin_drain(Sidecar& sidecar, Duration keep_accepting = {}, Duration deadline = 120s) {
    sidecar.worker().drain(loop_, {deadline, keep_accepting}, [this] { drained_ = true; });
  }
  void wait_drained() {
    EXPECT_TRUE(runs_until(loop_, [this] { return drained_; }));
  }
  // Not the deadline the sidecar was started with: it may have been reloaded.
  void begin_hasty_drain() { begin_drain(*outbound_, {}, 200ms); }
  static void wait_for(const RawOrigin& origin, int requests) {
    while (origin.requests() < requests) std::this_thread::yield();
  }

  std::promise<void> release_;
  std::shared_future<void> released_ = release_.get_future().share();
  Loop loop_;
  bool drained_ = false;
};

TEST_F(Drain, ARequestInFlightEndsAndTheConnectionWithIt) {
  RawOrigin& origin = add_waiting_origin();
  join(origin.address());
  BlockingClient idle(entry());
  ASSERT_TRUE(idle.get("/now").ends_with("late"));
  BlockingClient client(entry());
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  wait_for(origin, 2);

  begin_drain(*outbound_);
  ASSERT_EQ(idle.read_all(), "");  // it has begun
  release();
  std::string answer = client.read_all();
  wait_drained();

  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  EXPECT_NE(answer.find("connection: close\r\n"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("late"));
  EXPECT_EQ(client.ended(), Ended::kFin);
}

TEST_F(Drain, NothingNewIsAccepted) {
  join(add_answering_origin("hi").address());
  begin_drain(*outbound_);
  wait_drained();

  BlockingClient late(entry());

  EXPECT_FALSE(late.is_connected());
}

TEST_F(Drain, WhoComesWhileOthersStillBelieveInTheProxyIsServed) {
  join(add_answering_origin("hi").address());
  BlockingClient idle(entry());
  ASSERT_TRUE(idle.get("/").ends_with("hi"));

  begin_drain(*outbound_, 1h);
  ASSERT_EQ(idle.read_all(), "");  // it has begun
  BlockingClient late(entry());

  EXPECT_TRUE(late.get("/").ends_with("hi"));
  EXPECT_TRUE(late.get("/").ends_with("hi"));
}

TEST_F(Drain, WhoCameMeanwhileIsDrainedWhenAcceptingEnds) {
  join(add_answering_origin("hi").address());
  BlockingClient idle(entry());
  ASSERT_TRUE(idle.get("/").ends_with("hi"));
  begin_drain(*outbound_, 2s);  // long enough for one more request
  ASSERT_EQ(idle.read_all(), "");
  BlockingClient late(entry());
  ASSERT_TRUE(late.get("/").ends_with("hi"));

  wait_drained();

  EXPECT_EQ(late.read_all(), "");
  EXPECT_EQ(late.ended(), Ended::kFin);
  EXPECT_FALSE(BlockingClient(entry()).is_connected());
}

TEST_F(Drain, AnIdleConnectionIsClosedAtOnce) {
  join(add_answering_origin("hi").address());
  BlockingClient client(entry());
  ASSERT_TRUE(client.get("/").ends_with("hi"));

  begin_drain(*outbound_);
  wait_drained();

  EXPECT_EQ(client.read_all(), "");
  EXPECT_EQ(client.ended(), Ended::kFin);
}

TEST_F(Drain, AConnectionThatHasSaidNothingYetIsStillServed) {
  join(add_answering_origin("hi").address());
  BlockingClient talker(entry());
  BlockingClient silent(entry());
  ASSERT_TRUE(talker.get("/").ends_with("hi"));  // both were accepted

  begin_drain(*outbound_);
  std::string answer = silent.get("/");
  wait_drained();

  EXPECT_TRUE(answer.ends_with("hi")) << answer;
}

TEST_F(Drain, AnHttp2ClientHearsGoAwayAndItsStreamEnds) {
  RawOrigin& origin = add_waiting_origin();
  join(origin.address());
  BlockingClient client(entry());
  client.send(h2::client_start() + h2::headers(1, h2::get(), h2::kEndHeaders | h2::kEndStream));
  wait_for(origin, 1);

  begin_drain(*outbound_);
  release();
  std::string bytes = client.read_all();
  wait_drained();

  EXPECT_FALSE(h2::only(h2::kGoAway, bytes).empty());
  std::string body;
  for (const h2::Frame& frame : h2::only(h2::kData, bytes)) body += frame.payload;
  EXPECT_EQ(body, "late");
}

TEST_F(Drain, OtherSidecarsGoElsewhereWhileOneDrains) {
  RawOrigin& origin = add_answering_origin("hi");
  Sidecar& leaving = add_inbound(origin.address());
  Sidecar& staying = add_inbound(origin.address());
  start_outbound(hello_snapshot({leaving.address(), staying.address()}, kServerId));
  std::atomic<bool> stop{false};
  std::atomic<int> failed{0};
  std::thread load([&] {
    BlockingClient client(entry());
    while (!stop) failed += client.get("/").ends_with("hi") ? 0 : 1;
  });

  begin_drain(leaving);
  wait_drained();
  for (int seen = origin.requests(); origin.requests() < seen + 200 && failed == 0;) std::this_thread::yield();
  stop = true;
  load.join();

  EXPECT_EQ(failed, 0);
}

// Without a drain: a worker ends while its pools dial. Each round meets another moment of it.
TEST_F(Drain, AWorkerEndsWhileConnectionsAreBeingMade) {
  Sidecar& inbound = add_inbound(add_answering_origin("hi").address());
  for (int round = 0; round < 40; ++round) {
    start_outbound(hello_snapshot({inbound.address()}, kServerId));
    BlockingClient client(entry());
    std::string requests = h2::client_start();
    for (uint32_t id = 1; id < 200; id += 2) requests += h2::headers(id, h2::post(), h2::kEndHeaders);
    client.send(requests);
    auto until = std::chrono::steady_clock::now() + round * 200us;
    while (std::chrono::steady_clock::now() < until) std::this_thread::yield();

    outbound_.reset();

    client.read_all();
    EXPECT_NE(client.ended(), Ended::kNot);
  }
}

TEST_F(Drain, AnAnswerThatNeverComesIsCutAtTheDeadline) {
  RawOrigin& origin = add_waiting_origin();
  start_outbound(plain_snapshot({origin.address()}), outbound_settings());
  BlockingClient client(entry());
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  wait_for(origin, 1);

  begin_hasty_drain();
  wait_drained();
  release();

  EXPECT_EQ(client.read_all(), "");
}

TEST_F(Drain, ATunnelEndsAtTheDeadline) {
  RawOrigin& origin = add_origin([](BlockingClient& peer, int, std::atomic<int>&) { peer.read_all(); });
  start_outbound(plain_snapshot({origin.address()}), outbound_settings(PortProtocol::kTcp));
  BlockingClient client(entry());
  client.send("hello");
  while (origin.connections() == 0) std::this_thread::yield();

  begin_hasty_drain();
  wait_drained();

  EXPECT_EQ(client.read_all(), "");
}
}  // namespace
}  // namespace heddle
