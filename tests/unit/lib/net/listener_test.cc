#include "lib/net/listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <fstream>

#include "lib/base/memory.h"
#include "lib/net/socket.h"
#include "tests/support/run_turns.h"

namespace heddle {
namespace {
using testing::EndsWith;
using testing::HasSubstr;

// A client outside of any loop: the kernel completes its connect without an accept.
UniqueFd raw_client(const Address& to) {
  UniqueFd fd(socket(to.family() == Address::Family::kUnix ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage storage;
  socklen_t length = to.to_sockaddr(storage);
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&storage), length) != 0) return {};
  return fd;
}

class ListenerTest : public testing::Test {
 protected:
  static std::string temp_path() {
    std::string path = testing::TempDir() + "heddle-listener-XXXXXX";
    HEDDLE_CHECK(mkdtemp(path.data()) != nullptr);
    return path + "/s";
  }
  std::unique_ptr<Listener> listen(const ListenSpec& spec, ConnectionCap& with) {
    auto listener = Listener::listen(loop, spec, with, [this](auto t) { accepted.push_back(std::move(t)); });
    EXPECT_TRUE(listener) << (listener ? "" : listener.error().text());
    return std::move(*listener);
  }
  static ListenSpec any_port() { return {.address = Address::loopback(0)}; }
  void settle() { run_turns(loop); }

  Loop loop;
  ConnectionCap cap{1000};
  std::vector<std::unique_ptr<Transport>> accepted;
  std::vector<UniqueFd> clients;
};

TEST_F(ListenerTest, TellsTheRealPort) {
  auto listener = listen(any_port(), cap);

  EXPECT_NE(listener->address().port(), 0);
  EXPECT_EQ(listener->address().ip(), "127.0.0.1");
}

TEST_F(ListenerTest, HandsOverConnectionsWithBothAddresses) {
  auto listener = listen(any_port(), cap);
  listener->start();
  UniqueFd client = raw_client(listener->address());

  loop.run_until([&] { return accepted.size() == 1; });

  EXPECT_EQ(accepted[0]->info().local, listener->address());
  EXPECT_EQ(accepted[0]->info().peer, local_address(client.get()));
  EXPECT_FALSE(accepted[0]->info().original_dst.has_value());
  EXPECT_EQ(cap.used(), 1U);
}

TEST_F(ListenerTest, AnInterceptedConnectionThatNobodyRedirectedPointsNowhereElse) {
  ListenSpec spec = any_port();
  spec.intercepted = true;
  auto listener = listen(spec, cap);
  listener->start();
  UniqueFd client = raw_client(listener->address());

  loop.run_until([&] { return accepted.size() == 1; });

  EXPECT_EQ(accepted[0]->info().original_dst.value_or(listener->address()), listener->address());
}

TEST_F(ListenerTest, KnowsTheLocalAddressBehindAWildcard) {
  auto listener = listen({.address = *Address::parse("0.0.0.0:0")}, cap);
  listener->start();
  UniqueFd client = raw_client(Address::loopback(listener->address().port()));

  loop.run_until([&] { return accepted.size() == 1; });

  EXPECT_EQ(accepted[0]->info().local.text(), Address::loopback(listener->address().port()).text());
}

TEST_F(ListenerTest, AcceptedSocketsInheritNoDelayAndKeepalive) {
  auto listener = listen(any_port(), cap);
  listener->start();
  UniqueFd client = raw_client(listener->address());
  loop.run_until([&] { return accepted.size() == 1; });
  std::optional<UniqueFd> fd = accepted[0]->detach();
  ASSERT_TRUE(fd.has_value());

  auto option = [&](int level, int name) {
    int value = -1;
    socklen_t length = sizeof(value);
    getsockopt(fd->get(), level, name, &value, &length);
    return value;
  };

  EXPECT_EQ(option(IPPROTO_TCP, TCP_NODELAY), 1);
  EXPECT_EQ(option(SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPIDLE), 60);
  EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPCNT), 6);
}

TEST_F(ListenerTest, AcceptsNothingBeforeStart) {
  auto listener = listen(any_port(), cap);
  UniqueFd client = raw_client(listener->address());

  settle();

  EXPECT_TRUE(client);
  EXPECT_TRUE(accepted.empty());
}

TEST_F(ListenerTest, NamesTheAddressThatIsTaken) {
  auto first = listen(any_port(), cap);

  auto second = Listener::listen(loop, {.address = first->address()}, cap, [](auto) {});

  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().detail, first->address().text() + ": address already in use");
}

TEST_F(ListenerTest, SeveralListenersShareAPortIfTheyAskFor) {
  ListenSpec spec = any_port();
  spec.reuse_port = true;
  auto first = listen(spec, cap);
  spec.address = first->address();

  auto second = listen(spec, cap);

  EXPECT_EQ(second->address(), first->address());
}

TEST_F(ListenerTest, NamesAnAddressThatIsNotOurs) {
  auto listener = Listener::listen(loop, {.address = *Address::parse("192.0.2.1:80")}, cap, [](auto) {});

  ASSERT_FALSE(listener);
  EXPECT_THAT(listener.error().detail, HasSubstr("192.0.2.1:80: address not available"));
}

TEST_F(ListenerTest, AnIpv6WildcardLeavesTheIpv4PortFree) {
  auto six = Listener::listen(loop, {.address = *Address::parse("[::]:0")}, cap, [](auto) {});
  ASSERT_TRUE(six) << "the tests need IPv6: " << six.error().text();

  auto four = listen({.address = Address::parse("0.0.0.0:0")->with_port((*six)->address().port())}, cap);

  EXPECT_EQ(four->address().port(), (*six)->address().port());
}

TEST_F(ListenerTest, StopsAtTheCapAndGoesOnWhenAConnectionEnds) {
  ConnectionCap two{2};
  auto listener = listen(any_port(), two);
  listener->start();
  for (int i = 0; i < 3; ++i) clients.push_back(raw_client(listener->address()));

  settle();
  EXPECT_EQ(accepted.size(), 2U);
  accepted.pop_back();
  two.give_back();
  listener->connection_ended();
  loop.run_until([&] { return accepted.size() == 2; });

  EXPECT_EQ(two.used(), 2U);
}

TEST_F(ListenerTest, AtTheCapItDoesNotSpin) {
  ConnectionCap none{0};
  auto listener = listen(any_port(), none);
  listener->start();
  UniqueFd client = raw_client(listener->address());
  settle();
  int turns = 0;
  bool over = false;
  auto timer = loop.timer([&] { over = true; });
  timer->arm(50ms);

  loop.run_until([&] { return ++turns > 100 || over; });

  EXPECT_LE(turns, 100);
}

TEST_F(ListenerTest, AcceptsAtMostItsBudgetInATurn) {
  auto listener = listen(any_port(), cap);
  for (int i = 0; i < 2 * Listener::kAcceptBudget; ++i) clients.push_back(raw_client(listener->address()));
  std::vector<size_t> after_each_turn;
  listener->start();

  loop.run_until([&] {
    if (after_each_turn.empty() || after_each_turn.back() != accepted.size())
      after_each_turn.push_back(accepted.size());
    return accepted.size() == clients.size();
  });

  EXPECT_THAT(after_each_turn, testing::ElementsAre(0, Listener::kAcceptBudget, 2 * Listener::kAcceptBudget));
}

TEST_F(ListenerTest, StopAcceptingTakesWhatWaitsAndThenRefuses) {
  auto listener = listen(any_port(), cap);
  Address address = listener->address();
  for (int i = 0; i < 100; ++i) clients.push_back(raw_client(address));

  listener->stop_accepting();
  EXPECT_TRUE(accepted.empty());
  loop.run_until([&] { return accepted.size() == 100; });
  settle();

  EXPECT_FALSE(raw_client(address));
}

TEST_F(ListenerTest, WaitsOutMissingDescriptorsWithoutDroppingClients) {
  auto listener = listen(any_port(), cap);
  for (int i = 0; i < 20; ++i) clients.push_back(raw_client(listener->address()));
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  UniqueFd next_free(fcntl(clients[0].get(), F_DUPFD_CLOEXEC, 0));
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(next_free.get() + 5);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &tight), 0);
  next_free.reset();
  listener->start();

  settle();
  size_t while_tight = accepted.size();
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  loop.run_until([&] { return accepted.size() == clients.size(); });

  EXPECT_GT(while_tight, 0U);
  EXPECT_LT(while_tight, clients.size());
}

TEST_F(ListenerTest, AUnixSocketIsForItsOwnerOnlyAndGoesWithTheListener) {
  std::string path = temp_path();
  auto listener = listen({.address = *Address::from_unix(path)}, cap);
  struct stat file {};
  ASSERT_EQ(stat(path.c_str(), &file), 0);

  listener.reset();

  EXPECT_EQ(file.st_mode & 0777, 0600U);
  EXPECT_NE(stat(path.c_str(), &file), 0);
}

TEST_F(ListenerTest, AcceptsOnAUnixSocket) {
  auto listener = listen({.address = *Address::from_unix(temp_path())}, cap);
  listener->start();
  UniqueFd client = raw_client(listener->address());

  loop.run_until([&] { return accepted.size() == 1; });

  EXPECT_EQ(accepted[0]->info().local, listener->address());
}

TEST_F(ListenerTest, ReplacesTheSocketFileOfADeadProcess) {
  Address address = *Address::from_unix(temp_path());
  {
    UniqueFd dead(socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_storage storage;
    socklen_t length = address.to_sockaddr(storage);
    ASSERT_EQ(bind(dead.get(), reinterpret_cast<sockaddr*>(&storage), length), 0);
  }

  auto listener = listen({.address = address}, cap);

  EXPECT_TRUE(raw_client(address));
}

TEST_F(ListenerTest, LeavesTheSocketOfALivingProcessAlone) {
  Address address = *Address::from_unix(temp_path());
  auto living = listen({.address = address}, cap);

  auto second = Listener::listen(loop, {.address = address}, cap, [](auto) {});

  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().detail, HasSubstr("another process listens there"));
  EXPECT_TRUE(raw_client(address));
}

TEST_F(ListenerTest, NeverReplacesAnOrdinaryFile) {
  std::string path = temp_path();
  std::ofstream(path) << "precious";

  auto listener = Listener::listen(loop, {.address = *Address::from_unix(path)}, cap, [](auto) {});

  ASSERT_FALSE(listener);
  EXPECT_THAT(listener.error().detail, EndsWith("the file exists and is not a socket"));
}

TEST_F(ListenerTest, RefusesToShareAUnixSocket) {
  ListenSpec spec{.address = *Address::from_unix(temp_path())};
  spec.reuse_port = true;

  auto listener = Listener::listen(loop, spec, cap, [](auto) {});

  ASSERT_FALSE(listener);
  EXPECT_EQ(listener.error().reason, Reason::kUnsupported);
}

TEST(ConnectionCap, TheDefaultKeepsWithinTheFileLimit) {
  size_t files = raise_nofile_limit();

  size_t limit = ConnectionCap::default_limit(0.45, 1);

  EXPECT_GE(limit, 1U);
  EXPECT_LE(limit, std::min<size_t>(10'000, files * 45 / 100));
}

TEST(ConnectionCap, WhatTheResourcesAllowIsNotCutAtTenThousand) {
  size_t files = raise_nofile_limit();

  size_t limit = ConnectionCap::resource_limit(0.8);

  EXPECT_LE(limit, files * 80 / 100);
  EXPECT_GE(limit, std::min<size_t>({10'001, files * 79 / 100, available_memory() / (64 * 1024) / 2}));
}

TEST(ConnectionCap, TheDefaultIsSharedBetweenWorkers) {
  EXPECT_EQ(ConnectionCap::default_limit(0.45, 4), ConnectionCap::default_limit(0.45, 1) / 4);
}
}  // namespace
}  // namespace heddle
