// Idle keep-alive connections are held without their sessions, and nobody can tell.
#include <gtest/gtest.h>

#include <chrono>

#include "tests/support/mesh_fixture.h"
#include "tests/support/run_turns.h"

namespace heddle {
namespace {
class Parking : public MeshFixture {
 protected:
  Parking() {
    add_answering_origin("hi");
    start_outbound(plain_snapshot({origins_.front()->address()}));
  }
  void wait_parked(int count) { wait_metric(*outbound_, "heddle_downstream_parked", count); }
  void wait_drained() {
    Loop loop;
    bool drained = false;
    outbound_->worker().drain(loop, {120s, 0s}, [&] { drained = true; });
    EXPECT_TRUE(runs_until(loop, [&] { return drained; }));
  }
};

TEST_F(Parking, AParkedConnectionGoesOn) {
  BlockingClient client(entry());

  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(client.get("/").ends_with("hi"));
    wait_parked(1);
  }
  client.send("GET / HTTP/1.1\r\nHost: a\r\n");
  wait_parked(0);
  client.send("\r\n");

  EXPECT_TRUE(client.read_until("hi").ends_with("hi"));
}

TEST_F(Parking, ABegunHeadIsNotIdle) {
  BlockingClient busy(entry());
  BlockingClient idle(entry());
  busy.get("/");
  busy.send("GET / HTTP/1.1\r\nHo");

  idle.get("/");
  wait_parked(1);
  idle.close();
  wait_parked(0);  // of two that were parked one would be left
  busy.send("st: hello.default\r\n\r\n");

  EXPECT_TRUE(busy.read_until("hi").ends_with("hi"));
}

TEST_F(Parking, AClientThatLeavesIsForgotten) {
  BlockingClient client(entry());
  client.get("/");
  wait_parked(1);

  client.close();

  wait_parked(0);
}

TEST_F(Parking, ADrainClosesWhatIsParked) {
  BlockingClient client(entry());
  client.get("/");
  wait_parked(1);

  wait_drained();

  EXPECT_EQ(client.read_all(), "");
  EXPECT_EQ(client.ended(), Ended::kFin);
}

TEST_F(Parking, AWorkerEndsWithConnectionsParked) {
  std::vector<std::unique_ptr<BlockingClient>> clients;
  for (int i = 0; i < 100; ++i) {
    clients.push_back(std::make_unique<BlockingClient>(entry()));
    clients.back()->get("/");
  }
  wait_parked(100);

  outbound_.reset();

  for (auto& client : clients) EXPECT_EQ(client->read_all(), "");
}
}  // namespace
}  // namespace heddle
