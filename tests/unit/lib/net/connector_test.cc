#include "lib/net/connector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "lib/net/listener.h"
#include "tests/support/recording_observer.h"
#include "tests/support/run_turns.h"

namespace heddle {
namespace {
using testing::HasSubstr;

class ConnectorTest : public testing::Test {
 protected:
  Connector::OnConnect keep() {
    return [this](auto r) { result.emplace(std::move(r)); };
  }
  std::unique_ptr<Listener> listen(const Address& address) {
    auto listener =
        Listener::listen(loop, {.address = address}, cap, [this](auto t) { accepted.push_back(std::move(t)); });
    EXPECT_TRUE(listener);
    (*listener)->start();
    return std::move(*listener);
  }
  void wait() {
    loop.run_until([this] { return result.has_value(); });
  }

  Loop loop;
  TcpConnector connector{loop};
  ConnectionCap cap{100};
  std::vector<std::unique_ptr<Transport>> accepted;
  std::optional<Result<std::unique_ptr<Transport>>> result;
};

TEST_F(ConnectorTest, ConnectsOverTcp) {
  auto listener = listen(Address::loopback(0));

  Pending pending = connector.connect(listener->address(), 60s, keep());
  EXPECT_FALSE(result.has_value());
  wait();

  ASSERT_TRUE(*result);
  EXPECT_EQ((**result)->info().peer, listener->address());
  EXPECT_EQ((**result)->info().local.ip(), "127.0.0.1");
}

TEST_F(ConnectorTest, ConnectsToAUnixSocket) {
  std::string path = testing::TempDir() + "heddle-connector-XXXXXX";
  ASSERT_NE(mkdtemp(path.data()), nullptr);
  auto listener = listen(*Address::from_unix(path + "/s"));

  Pending pending = connector.connect(listener->address(), 60s, keep());
  wait();

  ASSERT_TRUE(*result);
  EXPECT_EQ((**result)->info().peer, listener->address());
}

TEST_F(ConnectorTest, TheNewConnectionCarriesBytesAndDoesNotAnnounceItself) {
  auto listener = listen(Address::loopback(0));
  RecordingObserver here, there;
  Pending pending = connector.connect(listener->address(), 60s, keep());
  loop.run_until([this] { return result.has_value() && accepted.size() == 1; });
  ASSERT_TRUE(*result);

  accepted[0]->observe(&there);
  (**result)->observe(&here);
  (void)(**result)->write(Buffer(loop.blocks(), "ping"));
  (void)accepted[0]->write(Buffer(loop.blocks(), "pong"));
  loop.run_until([&] { return here.received_bytes == 4 && there.received_bytes == 4; });

  EXPECT_FALSE(here.saw("connected"));
  EXPECT_TRUE(there.saw("connected"));
}

TEST_F(ConnectorTest, SaysRefusedWhenNobodyListens) {
  Address gone = listen(Address::loopback(0))->address();

  Pending pending = connector.connect(gone, 60s, keep());
  wait();

  ASSERT_FALSE(*result);
  EXPECT_EQ(result->error().reason, Reason::kUpstreamConnectRefused);
  EXPECT_EQ(result->error().origin, Origin::kUpstream);
  EXPECT_EQ(result->error().detail, gone.text() + ": connection refused");
}

TEST_F(ConnectorTest, SaysRefusedWhenTheSocketFileIsMissing) {
  Pending pending = connector.connect(*Address::from_unix("/nonexistent/heddle.sock"), 60s, keep());
  wait();

  ASSERT_FALSE(*result);
  EXPECT_EQ(result->error().reason, Reason::kUpstreamConnectRefused);
  EXPECT_THAT(result->error().detail, HasSubstr("unix:/nonexistent/heddle.sock: no such file"));
}

TEST_F(ConnectorTest, SaysFailedForWhatCannotBeConnected) {
  Pending pending = connector.connect(*Address::parse("255.255.255.255:80"), 60s, keep());
  EXPECT_FALSE(result.has_value());
  wait();

  ASSERT_FALSE(*result);
  EXPECT_EQ(result->error().reason, Reason::kUpstreamConnectFailed);
}

// A listening socket whose queue is full answers no SYN: Linux drops it, so connects hang.
TEST_F(ConnectorTest, SaysTimeoutAtItsDeadline) {
  UniqueFd full(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage storage;
  socklen_t length = Address::loopback(0).to_sockaddr(storage);
  ASSERT_EQ(bind(full.get(), reinterpret_cast<sockaddr*>(&storage), length), 0);
  ASSERT_EQ(::listen(full.get(), 0), 0);
  ASSERT_EQ(getsockname(full.get(), reinterpret_cast<sockaddr*>(&storage), &length), 0);
  UniqueFd first(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::connect(first.get(), reinterpret_cast<sockaddr*>(&storage), length), 0);
  Address address = Address::from_sockaddr(reinterpret_cast<sockaddr*>(&storage));
  MonoTime start = loop.now();

  Pending pending = connector.connect(address, 50ms, keep());
  wait();

  ASSERT_FALSE(*result);
  EXPECT_EQ(result->error().reason, Reason::kUpstreamConnectTimeout);
  EXPECT_GE(loop.now() - start, 50ms);
}

TEST_F(ConnectorTest, ACancelledConnectIsSilent) {
  auto listener = listen(Address::loopback(0));

  Pending pending = connector.connect(listener->address(), 60s, keep());
  pending.reset();
  run_turns(loop);

  EXPECT_FALSE(result.has_value());
}

TEST_F(ConnectorTest, TheTokenMayDieInItsCallback) {
  auto listener = listen(Address::loopback(0));
  Pending pending;
  pending = connector.connect(listener->address(), 60s, [&](auto r) {
    pending.reset();
    result.emplace(std::move(r));
  });

  wait();

  EXPECT_TRUE(result->has_value());
}
}  // namespace
}  // namespace heddle
