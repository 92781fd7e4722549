// Timeouts of a route: an application that never answers does not hold the client.
#include "tests/support/h2_frames.h"
#include "tests/support/mesh_fixture.h"

namespace heddle {
namespace {
class Timeouts : public MeshFixture {
 protected:
  static std::string route_with(std::string_view timeouts) {
    return str_cat(
        "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: hello}\nspec:\n"
        "  parentRefs: [{group: \"\", kind: Service, name: hello}]\n  rules:\n    - timeouts: ",
        timeouts, "\n      backendRefs: [{group: heddle.dev, kind: BackendSet, name: hello}]\n");
  }
  std::string answer_of_a_silent_application(std::string_view timeouts) {
    RawOrigin& silent = add_origin([](BlockingClient& peer, int, std::atomic<int>&) {
      read_request(peer);
      peer.read_all();  // until the proxy gives up
    });
    Sidecar& inbound = add_inbound(silent.address());
    start_outbound(hello_snapshot({inbound.address()}, kServerId, route_with(timeouts)));
    return BlockingClient(entry()).get("/");
  }
};

TEST_F(Timeouts, OfTheRequestAnswer504) {
  std::string answer = answer_of_a_silent_application("{request: 100ms}");

  EXPECT_TRUE(answer.starts_with("HTTP/1.1 504 ")) << answer;
  EXPECT_EQ(reason_of(answer), "request-timeout");
}

// CVE-2019-9511: a client that takes a byte at a time is always making progress.
TEST_F(Timeouts, OfTheRequestEndAnAnswerThatIsReadByteByByte) {
  constexpr size_t kMoreThanIsBuffered = 4'000'000;
  RawOrigin& origin = add_answering_origin(std::string(kMoreThanIsBuffered, 'x'));
  Sidecar& inbound = add_inbound(origin.address());
  start_outbound(hello_snapshot({inbound.address()}, kServerId, route_with("{request: 3s}")));
  BlockingClient client(entry());
  client.send(h2::client_start() + h2::settings({{4, 1}}));
  client.send(h2::headers(1, h2::get(), h2::kEndStream));

  size_t body = 0;
  uint8_t last = 0;
  while (last != h2::kRstStream && body < kMoreThanIsBuffered) {
    std::string head = client.read_exactly(9);
    ASSERT_EQ(head.size(), 9U) << "the connection ended after " << body << " bytes";
    size_t length = h2::read_u32(head) >> 8;
    last = static_cast<uint8_t>(head[3]);
    ASSERT_EQ(client.read_exactly(length).size(), length);
    if (last != h2::kData) continue;
    body += length;
    client.send(h2::frame(h2::kWindowUpdate, 0, 1, h2::u32(1)) + h2::frame(h2::kWindowUpdate, 0, 0, h2::u32(1)));
  }

  EXPECT_EQ(last, h2::kRstStream);
  EXPECT_LT(body, kMoreThanIsBuffered);
  EXPECT_GT(body, 0U);
  EXPECT_TRUE(BlockingClient(entry()).get("/").starts_with("HTTP/1.1 200 ")) << "the application is well";
}

TEST_F(Timeouts, OfOneTryAnswer504) {
  std::string answer = answer_of_a_silent_application("{request: 60s, backendRequest: 2s}");

  EXPECT_TRUE(answer.starts_with("HTTP/1.1 504 ")) << answer;
  EXPECT_EQ(reason_of(answer), "upstream-head-timeout");
}
}  // namespace
}  // namespace heddle
