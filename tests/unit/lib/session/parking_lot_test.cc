#include "lib/session/parking_lot.h"

#include <gtest/gtest.h>

#include "lib/metrics/registry.h"
#include "lib/net/socket.h"
#include "lib/session/protocols.h"
#include "lib/session/server_session.h"
#include "tests/support/blocking_http.h"
#include "tests/support/run_turns.h"

namespace heddle {
namespace {
constexpr MetricFamily kParked{"parked", "Connections.", MetricType::kGauge};

class NoRequests final : public RequestHandler {
 public:
  void on_request(ServerStream&, RequestHead&&, bool) override { ADD_FAILURE() << "nothing was sent"; }
  ReasonDisclosure disclosure(const ConnectionInfo&) const override { return ReasonDisclosure::kNone; }
};

class ParkingLotTest : public testing::Test {
 protected:
  ParkingLotTest() {
    EXPECT_NE(lot_, nullptr);
    listener_ = *open_socket(Address::loopback(0));
    sockaddr_storage storage{};
    socklen_t length = Address::loopback(0).to_sockaddr(storage);
    EXPECT_EQ(bind(listener_.get(), reinterpret_cast<sockaddr*>(&storage), length), 0);
    EXPECT_EQ(listen(listener_.get(), 128), 0);
  }
  BlockingClient connect_and_park(Duration idle_left) {
    BlockingClient client(local_address(listener_.get()));
    UniqueFd accepted(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    EXPECT_TRUE(accepted);
    lot_->park(std::move(accepted), {protocols_.http1_server(), handler_, limits_}, idle_left);
    return client;
  }
  void run_until_empty() {
    // A connection leaves the registry first and dies at the end of that turn.
    EXPECT_TRUE(runs_until(loop_, [this] { return registry_.size() == 0 && parked_.value() == 0; }));
  }
  Loop loop_;
  ConnectionRegistry registry_;
  Protocols protocols_{loop_, HttpLimits{}};
  NoRequests handler_;
  SessionLimits limits_;
  Registry metrics_;
  Gauge parked_ = metrics_.scope().gauge(kParked);
  std::unique_ptr<ParkingLot> lot_ = ParkingLot::create(loop_, registry_, metrics_.scope().gauge(kParked));
  UniqueFd listener_;
};

TEST_F(ParkingLotTest, WhatIsParkedIsStillAConnection) {
  BlockingClient client = connect_and_park(10min);
  size_t seen = 0;

  registry_.for_each([&](Connection& connection) {
    ++seen;
    EXPECT_EQ(connection.describe().local, local_address(listener_.get()));
    EXPECT_EQ(connection.describe().peer, local_address(client.fd()));
  });

  EXPECT_EQ(seen, 1U);
  EXPECT_EQ(registry_.size(), 1U);
  registry_.abort_all(make_error(Reason::kDraining, ""));
  run_until_empty();
}

TEST_F(ParkingLotTest, TheIdleDeadlineGoesOn) {
  BlockingClient client = connect_and_park(30ms);

  run_until_empty();

  EXPECT_EQ(client.read_all(), "");
  EXPECT_EQ(client.ended(), Ended::kFin);
}

TEST_F(ParkingLotTest, AnAbortClosesAtOnce) {
  BlockingClient client = connect_and_park(10min);

  registry_.abort_all(make_error(Reason::kDraining, "the proxy stops"));

  EXPECT_EQ(registry_.size(), 0U);
  EXPECT_EQ(client.read_all(), "");
  run_until_empty();
}

TEST_F(ParkingLotTest, MoreThanOneWakeHoldsAreServed) {
  constexpr int kClients = ParkingLot::kEventsPerWake + 8;
  std::vector<BlockingClient> clients;
  clients.reserve(kClients);
  for (int i = 0; i < kClients; ++i) clients.push_back(connect_and_park(10min));
  for (BlockingClient& client : clients) client.close();

  run_until_empty();

  EXPECT_EQ(registry_.size(), 0U);
}
}  // namespace
}  // namespace heddle
