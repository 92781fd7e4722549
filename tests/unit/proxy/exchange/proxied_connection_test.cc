// An incoming connection that must begin with a PROXY header: what is read of it, what is left, and when it is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "lib/net/proxy_header.h"
#include "proxy/exchange/incoming_connection.h"
#include "tests/support/memory_transport.h"
#include "tests/support/recording_observer.h"
#include "tests/support/run_turns.h"

namespace heddle {
namespace {
using testing::HasSubstr;

constexpr std::string_view kLine = "PROXY TCP4 192.0.2.1 198.51.100.2 56300 443\r\n";
const Address kSource = *Address::parse("192.0.2.1:56300");
const Address kDestination = *Address::parse("198.51.100.2:443");

struct Tunnels final : TcpHandler {
  void on_tcp(std::unique_ptr<Transport> transport) override {
    taken = std::move(transport);
    taken->observe(&seen);
  }
  std::unique_ptr<Transport> taken;
  RecordingObserver seen;
};

struct Refusals final : RequestHandler {
  void on_request(ServerStream&, RequestHead&&, bool) override {}
  ReasonDisclosure disclosure(const ConnectionInfo&) const override { return {}; }
  void on_bad_connection(const ConnectionInfo& connection, const Error& why) override {
    peer = connection.peer;
    reasons.push_back(why);
  }
  std::vector<Error> reasons;
  Address peer;
};

class ProxiedConnection : public testing::Test {
 protected:
  ProxiedConnection() {
    spec.protocol = PortProtocol::kTcp;
    spec.proxy_header = true;
    spec.tcp = &tunnels;
    spec.http = &refusals;
  }
  ~ProxiedConnection() override {
    tunnels.taken.reset();
    registry.abort_all(make_error(Reason::kDraining, ""));
    EXPECT_TRUE(runs_until(loop, [&] { return registry.size() == 0; }));
    run_turns(loop);  // who retired is disposed of
  }
  void connect(MemoryScript script = {}) {
    MemoryPair pair = make_memory_pair(loop, script);
    client = std::move(pair.first);
    client->observe(&at_client);
    accept_connection(spec, std::move(pair.second));
  }
  void send(std::string_view text) { static_cast<void>(client->write(Buffer(loop.blocks(), text))); }
  void wait_taken() {
    ASSERT_TRUE(runs_until(loop, [&] { return tunnels.taken != nullptr || !refusals.reasons.empty(); }));
    ASSERT_NE(tunnels.taken, nullptr) << refusals.reasons.front().text();
  }
  Error wait_refused() {
    EXPECT_TRUE(runs_until(loop, [&] { return tunnels.taken != nullptr || !refusals.reasons.empty(); }));
    EXPECT_EQ(tunnels.taken, nullptr);
    return refusals.reasons.empty() ? make_error(Reason::kNone, "taken") : refusals.reasons.front();
  }

  Loop loop;
  ConnectionRegistry registry;
  Tunnels tunnels;
  Refusals refusals;
  IncomingSpec spec{SessionContext{loop, registry}};
  RecordingObserver at_client;
  std::unique_ptr<MemoryTransport> client;
};

TEST_F(ProxiedConnection, IsThatOfWhoTheHeaderNames) {
  connect();

  send(str_cat(kLine, "hello"));
  wait_taken();

  EXPECT_EQ(tunnels.taken->info().peer, kSource);
  EXPECT_EQ(tunnels.taken->info().local, kDestination);
  EXPECT_TRUE(tunnels.taken->info().is_proxied);
  EXPECT_TRUE(runs_until(loop, [&] { return tunnels.seen.received == "hello"; }));
}

TEST_F(ProxiedConnection, MayComeByteByByte) {
  connect(MemoryScript{1});

  send(write_proxy_header(ProxyVersion::kV2, {kSource, kDestination}) + "hello");
  wait_taken();

  EXPECT_EQ(tunnels.taken->info().peer, kSource);
  EXPECT_TRUE(runs_until(loop, [&] { return tunnels.seen.received == "hello"; }));
}

// The other side may be who speaks first.
TEST_F(ProxiedConnection, IsHandedOverAtTheEndOfTheHeader) {
  connect();

  send(kLine.substr(0, kLine.size() - 1));
  run_turns(loop);
  EXPECT_EQ(tunnels.taken, nullptr);
  send("\n");

  wait_taken();
}

TEST_F(ProxiedConnection, OfTheUnknownIsItsOwn) {
  connect();

  send("PROXY UNKNOWN\r\nhello");
  wait_taken();

  EXPECT_EQ(tunnels.taken->info().peer, Address::loopback(2));
  EXPECT_FALSE(tunnels.taken->info().is_proxied);
}

TEST_F(ProxiedConnection, TakesOneHeader) {
  connect();

  send(str_cat(kLine, "PROXY TCP4 203.0.113.9 198.51.100.2 1 2\r\n"));
  wait_taken();

  EXPECT_EQ(tunnels.taken->info().peer, kSource);
  EXPECT_TRUE(runs_until(loop, [&] { return tunnels.seen.received.ends_with(" 1 2\r\n"); }));
}

TEST_F(ProxiedConnection, WithoutOneIsRefusedInTheNameOfWhoConnected) {
  connect();

  send("GET / HTTP/1.1\r\n\r\n");

  EXPECT_EQ(wait_refused().reason, Reason::kProxyHeaderInvalid);
  EXPECT_EQ(refusals.peer, Address::loopback(2));
  EXPECT_TRUE(runs_until(loop, [&] { return at_client.closed.has_value(); }));
}

TEST_F(ProxiedConnection, CutInTheHeaderIsRefused) {
  connect();

  send(kLine.substr(0, 20));
  client->finish();

  Error why = wait_refused();
  EXPECT_EQ(why.reason, Reason::kProxyHeaderInvalid);
  EXPECT_THAT(why.detail, HasSubstr("ended in the middle"));
}

TEST_F(ProxiedConnection, ThatSaysNothingWasClosed) {
  connect();

  client->finish();

  EXPECT_EQ(wait_refused().reason, Reason::kDownstreamClosed);
}

TEST_F(ProxiedConnection, HasItsTimeForTheHeader) {
  spec.detect = 20ms;
  connect();

  send(kLine.substr(0, 20));

  Error why = wait_refused();
  EXPECT_EQ(why.reason, Reason::kDetectTimeout);
  EXPECT_THAT(why.detail, HasSubstr("no PROXY header"));
}

TEST_F(ProxiedConnection, IsNotLookedForWhereItIsNotWanted) {
  spec.proxy_header = false;
  connect();

  send(kLine);
  wait_taken();

  EXPECT_EQ(tunnels.taken->info().peer, Address::loopback(2));
  EXPECT_TRUE(runs_until(loop, [&] { return tunnels.seen.received == kLine; }));
}
}  // namespace
}  // namespace heddle
