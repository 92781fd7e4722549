// Connections of a port with TLSRoutes: which server name the router is asked with, when, and how a refusal is told.
// What must be waited for has a time of milliseconds, what must not be waited for one of an hour.
#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "proxy/exchange/tcp_proxy.h"
#include "tests/support/memory_transport.h"
#include "tests/support/recording_observer.h"
#include "tests/support/run_turns.h"

namespace heddle {
namespace {
constexpr Duration kNever = 1h;
constexpr Duration kSoon = 20ms;
const std::string kAlert("\x15\x03\x03\x00\x02\x02\x70", 7);

std::string number(size_t value, size_t bytes) {
  std::string out;
  for (size_t i = bytes; i-- > 0;) out.push_back(static_cast<char>(value >> (8 * i) & 0xff));
  return out;
}
std::string vector(size_t length_bytes, std::string_view content) {
  return str_cat(number(content.size(), length_bytes), content);
}
std::string record(std::string_view part) { return str_cat("\x16\x03\x01", vector(2, part)); }
std::string hello(std::string_view name) {
  std::string entry = str_cat(number(0, 1), vector(2, name));
  std::string extensions = str_cat(number(0, 2), vector(2, vector(2, entry)));
  std::string body = str_cat("\x03\x03", std::string(32, 'r'), vector(1, ""), vector(2, "\x13\x01"),
                             vector(1, std::string_view("\0", 1)), vector(2, extensions));
  return str_cat("\x01", vector(3, body));
}

// Refuses everybody: where connections go is not the matter here.
struct ServerNameRouter final : TcpRouter {
  bool asks_server_name(const ConnectionInfo&) override { return asks; }
  Result<RouteTarget> route_tcp(const ConnectionInfo& from) override {
    names.push_back(from.sni);
    return make_error(answer, "");
  }
  bool asks = true;
  Reason answer = Reason::kRouteNotFound;
  std::vector<std::string> names;
};

struct ServerNameEnds final : ExchangeObserver {
  void on_finished(const ExchangeSummary&, const RequestHead&) override {}
  void on_tcp_finished(const ExchangeSummary& summary) override { reasons.push_back(summary.reason); }
  void on_refused_request(const ConnectionInfo&, const RefusedRequest&) override {}
  void on_bad_connection(const ConnectionInfo&, const Error&) override {}
  void on_abuse(std::string_view) override {}
  std::vector<Reason> reasons;
};

class ServerName : public testing::Test {
 protected:
  ServerName() { services.detect = kNever; }
  ~ServerName() override {
    registry.abort_all(make_error(Reason::kDraining, ""));
    EXPECT_TRUE(runs_until(loop, [&] { return registry.size() == 0; }));
    run_turns(loop);
  }
  void connect(MemoryScript script = {}) {
    MemoryPair pair = make_memory_pair(loop, script);
    client = std::move(pair.first);
    client->observe(&at_client);
    at_client.then_end = [this] { client->finish(); };  // as who is refused does
    proxy = std::make_unique<TcpProxy>(services);
    proxy->on_tcp(std::move(pair.second));
  }
  void send(std::string_view text) { static_cast<void>(client->write(Buffer(loop.blocks(), text))); }
  Reason wait_end() {
    EXPECT_TRUE(runs_until(loop, [&] { return !ends.reasons.empty(); }));
    return ends.reasons.empty() ? Reason::kNone : ends.reasons.front();
  }

  Loop loop;
  ConnectionRegistry registry;
  ServerNameRouter router;
  ServerNameEnds ends;
  TcpServices services{{loop, registry}, router, ends};
  RecordingObserver at_client;
  std::unique_ptr<MemoryTransport> client;
  std::unique_ptr<TcpProxy> proxy;
};

TEST_F(ServerName, IsThatOfTheHello) {
  connect();

  send(record(hello("Shop.Test")));

  EXPECT_EQ(wait_end(), Reason::kRouteNotFound);
  EXPECT_EQ(router.names, std::vector<std::string>{"shop.test"});
}

TEST_F(ServerName, MayComeByteByByteAndInManyRecords) {
  connect(MemoryScript{1});
  std::string whole = hello("shop.test");

  send(record(whole.substr(0, 7)) + record(whole.substr(7, 30)) + record(whole.substr(37)));

  wait_end();
  EXPECT_EQ(router.names, std::vector<std::string>{"shop.test"});
}

TEST_F(ServerName, ThatNobodyRoutesIsAnsweredByItsAlert) {
  connect();

  send(record(hello("shop.test")));

  EXPECT_TRUE(runs_until(loop, [&] { return at_client.saw("end"); }));
  EXPECT_EQ(at_client.received, kAlert);
  EXPECT_EQ(wait_end(), Reason::kRouteNotFound);
}

TEST_F(ServerName, OtherRefusalsAreNoAlert) {
  router.answer = Reason::kBackendSetMissing;
  connect();

  send(record(hello("shop.test")));

  EXPECT_EQ(wait_end(), Reason::kBackendSetMissing);
  EXPECT_EQ(at_client.received, "");
}

TEST_F(ServerName, WhoSpeaksNoTlsIsRoutedWithoutOneAtOnce) {
  connect();

  send("P");

  EXPECT_EQ(wait_end(), Reason::kRouteNotFound);
  EXPECT_EQ(router.names, std::vector<std::string>{""});
  EXPECT_EQ(at_client.received, "") << "an alert is for who speaks TLS";
}

TEST_F(ServerName, WithoutTlsRoutesNobodyIsWaitedFor) {
  router.asks = false;
  connect();

  EXPECT_EQ(wait_end(), Reason::kRouteNotFound);
  EXPECT_EQ(router.names, std::vector<std::string>{""});
}

TEST_F(ServerName, WhoSaysNothingIsRoutedWithoutOneInTheEnd) {
  services.detect = kSoon;
  connect();

  EXPECT_EQ(wait_end(), Reason::kRouteNotFound);
  EXPECT_EQ(router.names, std::vector<std::string>{""});
}

TEST_F(ServerName, HalfAHelloIsRefusedInTheEnd) {
  services.detect = kSoon;
  connect();

  send(record(hello("shop.test")).substr(0, 20));

  EXPECT_EQ(wait_end(), Reason::kDetectTimeout);
  EXPECT_TRUE(router.names.empty());
}

TEST_F(ServerName, WhoLeavesBeforeTheHelloIsEnded) {
  connect();

  client->finish();

  EXPECT_EQ(wait_end(), Reason::kDownstreamClosed);
  EXPECT_TRUE(router.names.empty());
}

TEST_F(ServerName, AHelloOfMoreThan16KibHasNone) {
  connect();

  send(str_cat("\x16\x03\x01", number(16384, 2), "\x01"));

  EXPECT_EQ(wait_end(), Reason::kRouteNotFound);
  EXPECT_EQ(router.names, std::vector<std::string>{""});
}

TEST_F(ServerName, IsNotWaitedForInVainAtTheEnd) {
  connect();
  send(record(hello("shop.test")).substr(0, 20));
  run_turns(loop);

  registry.abort_all(make_error(Reason::kDraining, ""));

  EXPECT_EQ(wait_end(), Reason::kDraining);
}
}  // namespace
}  // namespace heddle
