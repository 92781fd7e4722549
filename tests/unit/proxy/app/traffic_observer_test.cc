// What log and metrics say about requests that a codec refused: real session, real codec, real observer.
#include "proxy/app/traffic_observer.h"

#include <gtest/gtest.h>

#include "lib/session/protocols.h"
#include "lib/session/server_session.h"
#include "tests/support/captured_log.h"
#include "tests/support/h2_frames.h"
#include "tests/support/memory_transport.h"
#include "tests/support/recording_observer.h"
#include "tests/support/test_ca.h"

namespace heddle {
namespace {
using Mode = AccessLogPolicy::Mode;

class ToldToTheObserver final : public RequestHandler {
 public:
  explicit ToldToTheObserver(TrafficObserver& observer) : observer_(observer) {}
  void on_request(ServerStream& stream, RequestHead&&, bool) override {
    ++requests;
    stream.reset(ResetCode::kCancel);
  }
  ReasonDisclosure disclosure(const ConnectionInfo&) const override { return ReasonDisclosure::kNone; }
  void on_refused_request(const ConnectionInfo& connection, const RefusedRequest& request) override {
    observer_.on_refused_request(connection, request);
  }
  void on_bad_connection(const ConnectionInfo& connection, const Error& why) override {
    observer_.on_bad_connection(connection, why);
  }
  int requests = 0;

 private:
  TrafficObserver& observer_;
};

class TrafficObserverTest : public testing::Test {
 protected:
  ~TrafficObserverTest() override {
    registry_.abort_all(make_error(Reason::kDraining, ""));
    loop_.run_until([&] { return registry_.size() == 0; });
  }
  ConnectionInfo& connect(ServerProtocol& protocol) {
    auto [client, server] = make_memory_pair(loop_);
    client_ = std::move(client);
    client_->observe(&seen_);
    ConnectionInfo& info = server->mutable_info();
    info.peer = *Address::parse("192.0.2.7:4711");
    ServerSession::start({loop_, registry_}, std::move(server), protocol, handler_, limits_);
    return info;
  }
  // Until the last record, or the end, is there.
  void send(std::string_view bytes, size_t records) {
    static_cast<void>(client_->write(Buffer(loop_.blocks(), bytes)));
    bool late = false;
    auto limit = loop_.timer([&] { late = true; });
    limit->arm(60s);
    loop_.run_until([&] { return late || (ring_.pushed() >= records && !seen_.received.empty()); });
    EXPECT_FALSE(late);
    ring_.drain([&](const AccessRecord& record) { records_.push_back(record); });
  }
  void refuse_over_http1(std::string_view head, size_t records = 1) {
    connect(protocols_.http1_server());
    send(head, records);
  }
  void refuse_over_http2(const h2::Fields& fields) {
    connect(protocols_.http2_server());
    send(h2::client_start() + h2::headers(1, fields, h2::kEndHeaders | h2::kEndStream), 1);
  }
  uint64_t refused(Reason reason) { return metrics_.refused[reason].value(); }

  Loop loop_;
  ConnectionRegistry registry_;
  Protocols protocols_{loop_, HttpLimits{}};
  SessionLimits limits_;
  Registry cells_;
  ListenerMetrics metrics_{cells_, "in"};
  AccessRing ring_{16};
  AccessLog log_{{Mode::kErrors, 100}, ring_};
  CapturedLog process_log_;
  TrafficObserver observer_{{loop_, log_, metrics_, process_log_.log().module("test"), Direction::kInbound, 3}};
  ToldToTheObserver handler_{observer_};
  RecordingObserver seen_;
  std::unique_ptr<MemoryTransport> client_;
  std::vector<AccessRecord> records_;
};

TEST_F(TrafficObserverTest, RecordsARequestWithTwoFramings) {
  refuse_over_http1(
      "POST /a?secret=1 HTTP/1.1\r\nHost: shop\r\nX-Request-Id: 7\r\nContent-Length: 5\r\n"
      "Transfer-Encoding: chunked\r\n\r\n");

  ASSERT_EQ(records_.size(), 1U);
  const AccessRecord& record = records_[0];
  EXPECT_EQ(record.status, 400);
  EXPECT_EQ(record.reason, Reason::kBadRequest);
  EXPECT_EQ(record.method.view(), "POST");
  EXPECT_EQ(record.path.view(), "/a");
  EXPECT_EQ(record.authority.view(), "shop");
  EXPECT_EQ(record.request_id.view(), "7");
  EXPECT_EQ(record.protocol, AccessProtocol::kHttp11);
  EXPECT_EQ(record.direction, Direction::kInbound);
  EXPECT_EQ(record.downstream.address().text(), "192.0.2.7:4711");
  EXPECT_EQ(record.worker, 3U);
  EXPECT_EQ(refused(Reason::kBadRequest), 1U);
  EXPECT_TRUE(process_log_.contains("Content-Length beside Transfer-Encoding"));
}

TEST_F(TrafficObserverTest, CountsAConnectionThatNoRouteTakes) {
  ExchangeSummary summary;
  summary.reason = Reason::kRouteNotFound;
  summary.made_here = true;

  observer_.on_tcp_finished(summary);

  EXPECT_EQ(refused(Reason::kRouteNotFound), 1U);
  ring_.drain([&](const AccessRecord& record) { records_.push_back(record); });
  ASSERT_EQ(records_.size(), 1U);
  EXPECT_EQ(records_[0].reason, Reason::kRouteNotFound);
  EXPECT_EQ(records_[0].protocol, AccessProtocol::kTcp);
}

TEST_F(TrafficObserverTest, RecordsWhatIsKnownOfAHeadThatCannotBeRead) {
  refuse_over_http1("GET /" + std::string(20'000, 'a') + " HTTP/1.1\r\n\r\n");

  ASSERT_EQ(records_.size(), 1U);
  EXPECT_EQ(records_[0].status, 414);
  EXPECT_EQ(records_[0].reason, Reason::kUriTooLong);
  EXPECT_EQ(records_[0].method.view(), "");
  EXPECT_EQ(records_[0].path.view(), "");
}

TEST_F(TrafficObserverTest, RecordsAHeadThatTakesTooLong) {
  limits_.request_head = 1ms;
  refuse_over_http1("GET /slow HTTP/1.1\r\nHost: shop\r\n");

  ASSERT_EQ(records_.size(), 1U);
  EXPECT_EQ(records_[0].status, 408);
  EXPECT_EQ(records_[0].reason, Reason::kRequestHeadTimeout);
  EXPECT_EQ(records_[0].path.view(), "/slow");
  EXPECT_EQ(refused(Reason::kRequestHeadTimeout), 1U);
}

TEST_F(TrafficObserverTest, RecordsNoPasswordOfATargetThatIsNone) {
  refuse_over_http1("GET http://user:password@shop/ HTTP/1.1\r\nHost: shop\r\n\r\n");
  refuse_over_http1("GET ftp://user:password@shop/ HTTP/1.1\r\nHost: shop\r\n\r\n");
  refuse_over_http1("GET /a#token HTTP/1.1\r\nHost: shop\r\n\r\n");

  ASSERT_EQ(records_.size(), 3U);
  EXPECT_EQ(records_[0].authority.view(), "");
  EXPECT_EQ(records_[1].path.view(), "");
  EXPECT_EQ(records_[2].path.view(), "/a");
}

TEST_F(TrafficObserverTest, RecordsAStreamThatIsAnsweredByTheCodec) {
  h2::Fields fields = h2::get("/big?secret=1");
  for (int i = 0; i < 101; ++i) fields.emplace_back("x", "y");

  refuse_over_http2(fields);

  ASSERT_EQ(records_.size(), 1U);
  EXPECT_EQ(records_[0].status, 431);
  EXPECT_EQ(records_[0].reason, Reason::kRequestHeadTooLarge);
  EXPECT_EQ(records_[0].protocol, AccessProtocol::kHttp2);
  EXPECT_EQ(records_[0].method.view(), "GET");
  EXPECT_EQ(records_[0].path.view(), "/big");
  EXPECT_EQ(refused(Reason::kRequestHeadTooLarge), 1U);
}

TEST_F(TrafficObserverTest, RecordsAStreamThatIsReset) {
  h2::Fields malformed = h2::get("/malformed");
  malformed.emplace_back("connection", "close");
  h2::Fields hopeless = h2::get();
  for (int i = 0; i < 500; ++i) hopeless.emplace_back("x", "y");

  refuse_over_http2(malformed);
  refuse_over_http2(hopeless);

  ASSERT_EQ(records_.size(), 2U);
  EXPECT_EQ(records_[0].status, 0);
  EXPECT_EQ(records_[0].reason, Reason::kDownstreamProtocolError);
  EXPECT_EQ(records_[0].path.view(), "/malformed");
  EXPECT_EQ(records_[1].status, 0);
  EXPECT_EQ(records_[1].reason, Reason::kRequestHeadTooLarge);
  EXPECT_EQ(refused(Reason::kDownstreamProtocolError), 1U);
  EXPECT_EQ(refused(Reason::kRequestHeadTooLarge), 1U);
}

TEST_F(TrafficObserverTest, RecordsWhoWasRefused) {
  TestCa ca("cluster.local");
  Svid svid = ca.issue("spiffe://cluster.local/ns/shop/sa/web");
  ConnectionInfo& info = connect(protocols_.http1_server());
  info.peer_certificate = std::make_shared<PeerCertificate>(*PeerCertificate::from_x509(svid.chain.front().get()));

  send("GET / HTTP/1.1\r\n\r\n", 1);

  ASSERT_EQ(records_.size(), 1U);
  EXPECT_EQ(records_[0].peer.view(), "ns/shop/sa/web");
  EXPECT_TRUE(records_[0].flags.has(AccessFlag::kDownstreamTls));
}

TEST_F(TrafficObserverTest, OnlyCountsWhenTheLogIsOff) {
  log_.set_policy({Mode::kOff, 100});

  refuse_over_http1("GET / HTTP/1.1\r\n\r\n", 0);

  EXPECT_TRUE(records_.empty());
  EXPECT_EQ(refused(Reason::kBadRequest), 1U);
}

TEST_F(TrafficObserverTest, AConnectionThatBreaksTheFramingIsNoRequest) {
  connect(protocols_.http2_server());

  send(h2::client_start() + h2::frame(h2::kPing, 0, 0, "1"), 0);
  loop_.run_until([&] { return seen_.saw("closed") || seen_.saw("end"); });

  ring_.drain([&](const AccessRecord& record) { records_.push_back(record); });
  EXPECT_TRUE(records_.empty());
  EXPECT_EQ(refused(Reason::kDownstreamProtocolError), 1U);
}
}  // namespace
}  // namespace heddle
