// The hot path allocates nothing (design 1.7): once a connection is warm, a request costs no memory from the allocator.
// All threads of the sidecars are counted, the peers' are not. Between two sidecars OpenSSL's record layer takes a few
// small blocks of its own for each record; that is counted, too, and nothing may come on top.
#include <gtest/gtest.h>

#include "tests/support/allocation_counter.h"
#include "tests/support/h2_frames.h"
#include "tests/support/mesh_fixture.h"

namespace heddle {
namespace {
constexpr int kWarm = 300;
constexpr int kCounted = 2000;
// Not of requests: timers that wake once in a second or so, metrics that are read.
constexpr uint64_t kElsewhere = kCounted / 20;
// OpenSSL 3.0: three blocks per record that is written, one per record that is read; a request and its answer are one
// record each.
constexpr uint64_t kOfTls = kCounted * 2 * (3 + 1);

class SteadyState : public MeshFixture {
 protected:
  SteadyState() { AllocationCounter::leave_out_this_thread(); }

  const Address& start_origin() {
    RawOrigin& origin = add_origin([](BlockingClient& peer, int, std::atomic<int>&) {
      AllocationCounter::leave_out_this_thread();
      std::string answer = http_answer(std::string(1024, 'x'));
      while (!read_request(peer).empty()) peer.send(answer);
    });
    return origin.address();
  }
  template <class Request>
  static uint64_t allocations_of(Request request) {
    for (int i = 0; i < kWarm; ++i) request();
    AllocationCounter counter;
    for (int i = 0; i < kCounted; ++i) request();
    return counter.count();
  }
};

// One request at a time over one connection, each on a new stream.
class H2Caller {
 public:
  explicit H2Caller(const Address& address) : client_(address) { client_.send(h2::client_start()); }

  void call() {
    stream_ += 2;
    client_.send(h2::headers(stream_, h2::get(), h2::kEndHeaders | h2::kEndStream));
    bool ended = false;
    while (!ended) ended = read_frame();
  }

 private:
  // True: the last frame of the stream. What was read is given back to both windows.
  bool read_frame() {
    std::string head = client_.read_exactly(9);
    if (head.size() != 9) {
      ADD_FAILURE() << "the connection ended";
      return true;
    }
    auto byte = [&head](size_t i) { return static_cast<uint32_t>(static_cast<uint8_t>(head[i])); };
    uint32_t length = byte(0) << 16 | byte(1) << 8 | byte(2);
    client_.read_exactly(length);
    bool is_data = byte(3) == h2::kData;
    if (is_data && length != 0) client_.send(h2::frame(h2::kWindowUpdate, 0, 0, h2::u32(length)));
    bool has_end = is_data || byte(3) == h2::kHeaders;
    return has_end && (byte(4) & h2::kEndStream) != 0 && h2::read_u32(head.substr(5)) == stream_;
  }
  BlockingClient client_;
  uint32_t stream_ = static_cast<uint32_t>(-1);
};

TEST_F(SteadyState, AnHttp1RequestAllocatesNothing) {
  start_outbound(plain_snapshot({start_origin()}));
  BlockingClient client(entry());

  uint64_t count = allocations_of([&] { ASSERT_TRUE(client.get("/").starts_with("HTTP/1.1 200")); });

  EXPECT_LE(count, kElsewhere);
}

TEST_F(SteadyState, AnHttp2RequestAllocatesNothing) {
  start_outbound(plain_snapshot({start_origin()}));
  H2Caller caller(entry());

  uint64_t count = allocations_of([&] { caller.call(); });

  EXPECT_LE(count, kElsewhere);
}

TEST_F(SteadyState, AnHttp1RequestThroughTwoSidecarsAllocatesForTlsOnly) {
  join(start_origin());
  BlockingClient client(entry());

  uint64_t count = allocations_of([&] { ASSERT_TRUE(client.get("/").starts_with("HTTP/1.1 200")); });

  EXPECT_LE(count, kOfTls + kElsewhere);
}

TEST_F(SteadyState, AnHttp2RequestThroughTwoSidecarsAllocatesForTlsOnly) {
  join(start_origin());
  H2Caller caller(entry());

  uint64_t count = allocations_of([&] { caller.call(); });

  EXPECT_LE(count, kOfTls + kElsewhere);
}

TEST_F(SteadyState, ARequestThatIsAuthorizedAllocatesNothing) {
  Sidecar& inbound = add_inbound(start_origin(), InboundTls::kOff);
  inbound.publish(snapshot_of(
      "{apiVersion: heddle.dev/v1, kind: AuthorizationPolicy, metadata: {name: p}, spec: {action: allow, rules: [{to: "
      "[{methods: [PUT]}]}, {to: [{paths: [{type: PathPrefix, value: /a}]}]}]}}\n---\n"
      "{apiVersion: heddle.dev/v1, kind: AuthorizationPolicy, metadata: {name: d}, spec: {action: deny, rules: [{from: "
      "[{identities: ['spiffe://td/*']}]}]}}\n"));
  BlockingClient client(inbound.address());
  while (!client.get("/").starts_with("HTTP/1.1 403")) std::this_thread::yield();

  uint64_t count = allocations_of([&] { ASSERT_TRUE(client.get("/a/b").starts_with("HTTP/1.1 200")); });

  EXPECT_LE(count, kElsewhere);
}

TEST_F(SteadyState, ATunnelAllocatesForTlsOnly) {
  join(start_origin(), PortProtocol::kTcp);
  BlockingClient client(entry());

  uint64_t count = allocations_of([&] { ASSERT_TRUE(client.get("/").starts_with("HTTP/1.1 200")); });

  EXPECT_LE(count, kOfTls + kElsewhere);
}
}  // namespace
}  // namespace heddle
