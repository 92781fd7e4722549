// Keep-alive PINGs (rule T10) over real sockets and timers, with intervals of milliseconds: a peer that goes silent, on
// either side of a connection, and one that only answers PINGs.
#include <gtest/gtest.h>

#include <future>

#include "lib/net/listener.h"
#include "lib/rpc/http_client.h"
#include "lib/rpc/http_server.h"
#include "tests/support/h2_frames.h"
#include "tests/support/raw_origin.h"
#include "tests/support/run_turns.h"

namespace heddle {
namespace {
constexpr KeepAlive kImpatient{50ms, 100ms};
constexpr KeepAlive kPatient{50ms, 50s};

// The next whole frame; type 255 at the end.
h2::Frame read_frame(BlockingClient& peer) {
  std::string head = peer.read_exactly(9);
  if (head.size() < 9) return {255, 0, 0, {}};
  size_t length = h2::read_u32(std::string(1, '\0') + head.substr(0, 3));
  return h2::parse(head + peer.read_exactly(length)).front();
}
h2::Frame read_until_frame(BlockingClient& peer, uint8_t type) {
  h2::Frame frame = read_frame(peer);
  while (frame.type != type && frame.type != 255) frame = read_frame(peer);
  return frame;
}
bool is_ping(const h2::Frame& frame) { return frame.type == h2::kPing && (frame.flags & h2::kAck) == 0; }

class KeepAliveNetwork : public testing::Test {
 protected:
  ~KeepAliveNetwork() override {
    client_.reset();
    registry_.abort_all(make_error(Reason::kDraining, ""));
    run_until([&] { return registry_.size() == 0; });
  }
  void run_until(UniqueFunction<bool()> done) {
    EXPECT_TRUE(runs_until(loop_, done)) << "nothing happened for a minute";
  }
  Result<RpcResponse> get(const Address& address, KeepAlive keep_alive) {
    HttpClientOptions options;
    options.prior_knowledge_http2 = true;
    options.session.keep_alive = keep_alive;
    client_ = std::make_unique<HttpClient>(SessionContext{loop_, registry_}, protocols_, connector_, address, options);
    std::optional<Result<RpcResponse>> answer;
    RpcRequest request;
    request.path = "/";
    Pending call = client_->call(std::move(request), 55s, [&](Result<RpcResponse> r) { answer = std::move(r); });
    run_until([&] { return answer.has_value(); });
    return answer ? *std::move(answer) : make_error(Reason::kInternal, "nothing");
  }

  Loop loop_;
  ConnectionRegistry registry_;
  Protocols protocols_{loop_, HttpLimits::mesh()};
  TcpConnector connector_{loop_};
  std::unique_ptr<HttpClient> client_;
};

TEST_F(KeepAliveNetwork, AServerThatGoesSilentIsGivenUp) {
  std::promise<bool> asked;
  RawOrigin silent([&](BlockingClient& peer, int index, std::atomic<int>&) {
    if (index > 0) return;
    peer.read_exactly(h2::kPreface.size());
    peer.send(h2::settings({}) + h2::frame(h2::kSettings, h2::kAck, 0));
    asked.set_value(is_ping(read_until_frame(peer, h2::kPing)));
    peer.read_all();
  });

  auto answer = get(silent.address(), kImpatient);

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, Reason::kUpstreamClosed);
  EXPECT_NE(answer.error().detail.find("did not answer a PING"), std::string::npos) << answer.error().text();
  EXPECT_TRUE(asked.get_future().get());
}

TEST_F(KeepAliveNetwork, AServerThatOnlyAnswersPingsIsWaitedFor) {
  RawOrigin slow([](BlockingClient& peer, int, std::atomic<int>& pings) {
    peer.read_exactly(h2::kPreface.size());
    peer.send(h2::settings({}) + h2::frame(h2::kSettings, h2::kAck, 0));
    while (pings < 5) {
      h2::Frame ping = read_until_frame(peer, h2::kPing);
      if (ping.type == 255) return;
      peer.send(h2::frame(h2::kPing, h2::kAck, 0, ping.payload));
      ++pings;
    }
    peer.send(h2::headers(1, {{":status", "204"}}, h2::kEndHeaders | h2::kEndStream));
    peer.read_all();
  });

  auto answer = get(slow.address(), kPatient);

  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->status, 204);
  EXPECT_GE(slow.requests(), 5);
}

TEST_F(KeepAliveNetwork, AClientThatGoesSilentLosesItsRequest) {
  HttpServerLimits limits;
  limits.session.keep_alive = kImpatient;
  limits.session.lingering = 10ms;
  HttpServer server({loop_, registry_}, protocols_, limits);
  HttpServer::Respond never;
  server.route("GET", "/", [&](const RpcRequest&, HttpServer::Respond respond) { never = std::move(respond); });
  ConnectionCap cap(10);
  ListenSpec spec;
  spec.address = Address::loopback(0);
  auto listener = Listener::listen(loop_, spec, cap, [&](std::unique_ptr<Transport> t) { server.serve(std::move(t)); });
  ASSERT_TRUE(listener);
  (*listener)->start();
  BlockingClient client((*listener)->address());
  client.send(h2::client_start() + h2::headers(1, h2::get(), h2::kEndHeaders | h2::kEndStream));

  run_until([&] { return never && registry_.size() == 0; });

  std::string bytes = client.read_all();
  EXPECT_GE(h2::only(h2::kPing, bytes).size(), 1U);
  EXPECT_EQ(h2::only(h2::kGoAway, bytes).size(), 1U);
}
}  // namespace
}  // namespace heddle
