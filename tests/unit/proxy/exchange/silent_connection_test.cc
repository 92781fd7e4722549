// An incoming connection whose client says nothing: when it goes on as opaque TCP, and what is counted and logged. What
// must be waited for has a time of milliseconds, what must not be waited for one of an hour.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "proxy/exchange/incoming_connection.h"
#include "tests/support/captured_log.h"
#include "tests/support/memory_transport.h"
#include "tests/support/recording_observer.h"
#include "tests/support/run_turns.h"

namespace heddle {
namespace {
using testing::HasSubstr;
constexpr Duration kNever = 1h;
constexpr Duration kLate = 30min;  // a moment that does not pass
constexpr Duration kSoon = 20ms;

struct SilentTunnels final : TcpHandler {
  void on_tcp(std::unique_ptr<Transport> transport) override { taken.push_back(std::move(transport)); }
  std::vector<std::unique_ptr<Transport>> taken;
};

struct SilentRefusals final : RequestHandler {
  void on_request(ServerStream&, RequestHead&&, bool) override {}
  ReasonDisclosure disclosure(const ConnectionInfo&) const override { return {}; }
  void on_bad_connection(const ConnectionInfo&, const Error& why) override { reasons.push_back(why.reason); }
  std::vector<Reason> reasons;
};

class SilentConnection : public testing::Test {
 protected:
  SilentConnection() { use({"out", "db.shop:3306", "listener \"out\": protocol: tcp", true, kSoon}); }
  ~SilentConnection() override {
    tunnels.taken.clear();
    registry.abort_all(make_error(Reason::kDraining, ""));
    EXPECT_TRUE(runs_until(loop, [&] { return registry.size() == 0; }));
    run_turns(loop);
  }
  void use(Detector::Spec wanted) {
    detector = std::make_unique<Detector>(std::move(wanted), memory, metrics, log.log().module("detection"));
    spec.tcp = &tunnels;
    spec.http = &refusals;
    spec.detector = detector.get();
    spec.detect = kNever;
  }
  MemoryTransport& connect() {
    MemoryPair pair = make_memory_pair(loop, {});
    clients.push_back(std::move(pair.first));
    clients.back()->observe(&at_client);
    accept_connection(spec, std::move(pair.second));
    return *clients.back();
  }
  void send(MemoryTransport& client, std::string_view text) {
    static_cast<void>(client.write(Buffer(loop.blocks(), text)));
  }
  bool wait_tunnels(size_t n) {
    return runs_until(loop, [&] { return tunnels.taken.size() >= n; });
  }
  bool wait_refusals(size_t n) {
    return runs_until(loop, [&] { return refusals.reasons.size() >= n; });
  }
  void learn() {
    for (uint32_t i = 0; i < DestinationMemory::kSilentInARow; ++i) static_cast<void>(memory.saw_silence());
  }

  Loop loop;
  ConnectionRegistry registry;
  SilentTunnels tunnels;
  SilentRefusals refusals;
  Registry metrics;
  CapturedLog log;
  DestinationMemory memory;
  std::unique_ptr<Detector> detector;
  IncomingSpec spec{SessionContext{loop, registry}};
  RecordingObserver at_client;
  std::vector<std::unique_ptr<MemoryTransport>> clients;
};

TEST_F(SilentConnection, BecomesTcpWhenTheTimeHasPassed) {
  spec.detect = kSoon;
  connect();

  EXPECT_TRUE(wait_tunnels(1));

  EXPECT_THAT(metrics.render(), HasSubstr("heddle_detections_total{listener=\"out\",result=\"timeout\"} 1\n"));
  EXPECT_TRUE(refusals.reasons.empty());
}

TEST_F(SilentConnection, IsNotWaitedForWhereSilenceIsExpected) {
  learn();
  connect();

  EXPECT_TRUE(wait_tunnels(1));

  EXPECT_THAT(metrics.render(), HasSubstr("heddle_detections_total{listener=\"out\",result=\"server-first\"} 1\n"));
  EXPECT_EQ(memory.count(Detection::kTimeout), DestinationMemory::kSilentInARow) << "none was added";
}

TEST_F(SilentConnection, TeachesTheNext) {
  spec.detect = kSoon;
  connect();
  connect();
  EXPECT_TRUE(wait_tunnels(2));
  spec.detect = kNever;

  connect();

  EXPECT_TRUE(wait_tunnels(3));
  EXPECT_EQ(memory.known(), DestinationMemory::Known::kServerFirst);
}

TEST_F(SilentConnection, IsLoggedOnceWithWhatToDeclare) {
  spec.detect = kSoon;
  connect();
  connect();

  EXPECT_TRUE(wait_tunnels(2));

  EXPECT_TRUE(log.contains(R"("destination":"db.shop:3306")"));
  EXPECT_TRUE(log.contains("protocol: tcp"));
  EXPECT_EQ(log.lines().size(), 1U);
}

TEST_F(SilentConnection, IsRefusedWhereHttpIsSpoken) {
  memory.saw(Detection::kHttp1);
  spec.detect = kSoon;
  connect();

  EXPECT_TRUE(wait_refusals(1));

  EXPECT_EQ(refusals.reasons.front(), Reason::kDetectTimeout);
  EXPECT_TRUE(tunnels.taken.empty());
}

TEST_F(SilentConnection, IsRefusedWhereThereIsNowhereToCarryItTo) {
  use({"out", "out", "a listener of its own", false, kSoon});
  learn();
  spec.detect = kSoon;
  connect();

  EXPECT_TRUE(wait_refusals(1));

  EXPECT_EQ(refusals.reasons.front(), Reason::kDetectTimeout);
}

// Half a request is no silence: its other half must not reach the application unread.
TEST_F(SilentConnection, ThatBeganARequestIsRefused) {
  use({"out", "db.shop:3306", "", true, kLate});
  learn();
  MemoryTransport& client = connect();
  spec.detect = kSoon;
  send(client, "GET /adm");

  EXPECT_TRUE(wait_refusals(1));

  EXPECT_EQ(refusals.reasons.front(), Reason::kDetectTimeout);
  EXPECT_TRUE(tunnels.taken.empty());
  EXPECT_EQ(memory.count(Detection::kTimeout), DestinationMemory::kSilentInARow + 1);
}

TEST_F(SilentConnection, ThatSpeaksAtOnceIsTakenAtItsWord) {
  use({"out", "db.shop:3306", "", true, kLate});
  learn();
  send(connect(), std::string_view("\x00\x01opaque", 8));

  EXPECT_TRUE(wait_tunnels(1));

  EXPECT_EQ(memory.count(Detection::kTcp), 1U);
  EXPECT_EQ(memory.count(Detection::kServerFirst), 0U);
}

TEST_F(SilentConnection, ThatLeavesAtOnceTeachesNothing) {
  connect().finish();

  EXPECT_TRUE(wait_refusals(1));

  EXPECT_EQ(refusals.reasons.front(), Reason::kDownstreamClosed);
  EXPECT_EQ(memory.count(Detection::kGaveUp), 0U);
}

TEST_F(SilentConnection, ThatWaitedAndLeftTeaches) {
  detector->on_left(DestinationMemory::kGaveUpAfter - 1ms);
  EXPECT_EQ(memory.count(Detection::kGaveUp), 0U);

  detector->on_left(DestinationMemory::kGaveUpAfter);

  EXPECT_EQ(memory.count(Detection::kGaveUp), 1U);
}

TEST_F(SilentConnection, OnAPermissivePortOfTcpIsPlaintext) {
  spec.protocol = PortProtocol::kTcp;
  spec.tls = InboundTls::kPermissive;
  learn();
  connect();

  EXPECT_TRUE(wait_tunnels(1));
  EXPECT_EQ(memory.count(Detection::kServerFirst), 1U);
}

TEST_F(SilentConnection, HasTheWholeTimeForAProxyHeader) {
  spec.proxy_header = true;
  learn();
  MemoryTransport& client = connect();
  run_turns(loop);
  EXPECT_TRUE(tunnels.taken.empty()) << "the header has all its time";

  send(client, "PROXY TCP4 192.0.2.1 198.51.100.2 56300 443\r\n");

  EXPECT_TRUE(wait_tunnels(1));
}

TEST_F(SilentConnection, WithoutADetectorIsRefused) {
  spec.detector = nullptr;
  spec.detect = kSoon;
  connect();

  EXPECT_TRUE(wait_refusals(1));

  EXPECT_EQ(refusals.reasons.front(), Reason::kDetectTimeout);
}
}  // namespace
}  // namespace heddle
