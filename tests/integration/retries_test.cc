// Which failed tries go to another endpoint, and which never do (design §2.4 Exchange; reliability F).
#include <gtest/gtest.h>

#include "tests/support/h2_origin.h"
#include "tests/support/mesh_fixture.h"

namespace heddle {
namespace {
constexpr uint32_t kRefusedStream = 7;
constexpr uint32_t kInternalError = 2;

std::string h2_reset(uint32_t stream, uint32_t code) { return h2::frame(h2::kRstStream, 0, stream, h2::u32(code)); }

class Retries : public MeshFixture {
 protected:
  static int total(const std::vector<RawOrigin*>& origins) {
    int sum = 0;
    for (RawOrigin* origin : origins) sum += origin->requests();
    return sum;
  }
};

TEST_F(Retries, AConnectThatIsRefusedGoesToAnotherEndpoint) {
  DeadPort dead;
  RawOrigin& origin = add_answering_origin("alive");
  Sidecar& alive = add_inbound(origin.address());
  start_outbound(hello_snapshot({dead.address(), alive.address()}, kServerId));
  BlockingClient client(entry());

  for (int i = 0; i < 20; ++i) ASSERT_TRUE(client.get("/").ends_with("alive"));
}

TEST_F(Retries, ARefusedStreamGoesToAnotherEndpoint) {
  DeadPort dead;
  RawOrigin& origin = add_answering_origin("alive");
  Sidecar& without_application = add_inbound(dead.address());
  Sidecar& alive = add_inbound(origin.address());
  start_outbound(hello_snapshot({without_application.address(), alive.address()}, kServerId));
  BlockingClient client(entry());

  for (int i = 0; i < 20; ++i) ASSERT_TRUE(client.get("/").ends_with("alive"));
}

TEST_F(Retries, AnUploadGoesToAnotherEndpointWhole) {
  DeadPort dead;
  RawOrigin& origin = add_origin([](BlockingClient& peer, int, std::atomic<int>&) {
    for (std::string request; !(request = read_request(peer)).empty();) {
      peer.send(http_answer(request.substr(request.find("\r\n\r\n") + 4)));
    }
  });
  Sidecar& without_application = add_inbound(dead.address());
  Sidecar& alive = add_inbound(origin.address());
  start_outbound(hello_snapshot({without_application.address(), alive.address()}, kServerId));
  BlockingClient client(entry());
  std::string body(40'000, 'b');

  for (int i = 0; i < 6; ++i) {
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 40000\r\n\r\n" + body);
    ASSERT_NE(client.read_until("\r\n\r\n").find(" 200 "), std::string::npos);
    ASSERT_EQ(client.read_exactly(body.size()), body);
  }
}

TEST_F(Retries, ThreeTriesAreTheLimit) {
  std::vector<RawOrigin*> origins;
  std::vector<Address> addresses;
  for (int i = 0; i < 5; ++i) {
    origins.push_back(&add_origin(h2_origin([](int, uint32_t stream) { return h2_reset(stream, kRefusedStream); })));
    addresses.push_back(origins.back()->address());
  }
  start_outbound(plain_snapshot(addresses, "http2"));
  BlockingClient client(entry());

  std::string answer = client.get("/");

  EXPECT_EQ(reason_of(answer), "upstream-refused-stream") << answer;
  EXPECT_EQ(total(origins), 3);
  for (RawOrigin* origin : origins) EXPECT_LE(origin->requests(), 1);
}

// RFC 9113 §8.7: nobody has processed it, and nobody else is there.
TEST_F(Retries, TheOnlyEndpointIsAskedOnceMoreAfterARefusal) {
  std::atomic<int> asked = 0;
  RawOrigin& busy = add_origin(h2_origin([&asked](int, uint32_t stream) {
    return asked++ == 0 ? h2_reset(stream, kRefusedStream) : h2_empty_answer(stream);
  }));
  start_outbound(plain_snapshot({busy.address()}, "http2"));
  BlockingClient client(entry());

  std::string answer = client.get("/");

  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  EXPECT_EQ(busy.requests(), 2);
}

TEST_F(Retries, TheOnlyEndpointIsNotAskedForEver) {
  RawOrigin& full = add_origin(h2_origin([](int, uint32_t stream) { return h2_reset(stream, kRefusedStream); }));
  start_outbound(plain_snapshot({full.address()}, "http2"));
  BlockingClient client(entry());

  std::string answer = client.get("/");

  EXPECT_EQ(reason_of(answer), "upstream-refused-stream") << answer;
  EXPECT_EQ(full.requests(), 2);
}

TEST_F(Retries, ARequestBeyondGoAwayGoesToAnotherEndpoint) {
  RawOrigin& leaving =
      add_origin(h2_origin([](int, uint32_t) { return h2::frame(h2::kGoAway, 0, 0, h2::u32(0) + h2::u32(0)); }));
  RawOrigin& other = add_origin(h2_origin([](int, uint32_t stream) { return h2_empty_answer(stream); }));
  start_outbound(plain_snapshot({leaving.address(), other.address()}, "http2"));
  BlockingClient client(entry());

  for (int i = 0; i < 4; ++i) ASSERT_TRUE(client.get("/").starts_with("HTTP/1.1 200 "));

  EXPECT_EQ(other.requests(), 4);
}

TEST_F(Retries, AResetStreamMayHaveBeenProcessedAndStays) {
  RawOrigin& failing = add_origin(h2_origin([](int, uint32_t stream) { return h2_reset(stream, kInternalError); }));
  start_outbound(plain_snapshot({failing.address()}, "http2"));
  BlockingClient client(entry());

  std::string first = client.get("/");
  std::string second = client.get("/");  // on a reused connection: still no keep-alive race

  EXPECT_TRUE(first.starts_with("HTTP/1.1 502 ")) << first;
  EXPECT_EQ(reason_of(second), "upstream-reset") << second;
  EXPECT_EQ(failing.requests(), 2);
}

TEST_F(Retries, ACloseWithoutAnAnswerStays) {
  auto hang_up = [](BlockingClient& peer, int, std::atomic<int>& requests) {
    if (!read_request(peer).empty()) ++requests;
  };
  RawOrigin& a = add_origin(hang_up);
  RawOrigin& b = add_origin(hang_up);
  start_outbound(plain_snapshot({a.address(), b.address()}));
  BlockingClient client(entry());

  std::string answer = client.get("/");

  EXPECT_EQ(reason_of(answer), "upstream-closed") << answer;
  EXPECT_EQ(a.requests() + b.requests(), 1);
}

TEST_F(Retries, NothingIsRetriedOnceTheAnswerBegan) {
  auto cut = [](BlockingClient& peer, int, std::atomic<int>& requests) {
    if (!read_request(peer).empty()) ++requests;
    peer.send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf");
  };
  RawOrigin& a = add_origin(cut);
  RawOrigin& b = add_origin(cut);
  start_outbound(plain_snapshot({a.address(), b.address()}));
  BlockingClient client(entry());

  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  std::string answer = client.read_all();

  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  EXPECT_EQ(client.ended(), Ended::kReset);
  EXPECT_EQ(a.requests() + b.requests(), 1);
}

TEST_F(Retries, NoEndpointIsAReason) {
  start_outbound(plain_snapshot({}));
  BlockingClient client(entry());

  EXPECT_EQ(reason_of(client.get("/")), "no-healthy-endpoint");
}

TEST_F(Retries, NoConfigIsAReason) {
  start_outbound(nullptr);
  BlockingClient client(entry());

  EXPECT_EQ(reason_of(client.get("/")), "no-config");
}

TEST_F(Retries, AnUnknownServiceIsAReason) {
  Settings by_host = outbound_settings();
  by_host.listeners[0].service.clear();
  by_host.listeners[0].port = 0;
  RawOrigin& origin = add_answering_origin("hi");
  start_outbound(plain_snapshot({origin.address()}), by_host);
  BlockingClient client(entry());

  std::string unknown = client.get("/", "nobody.default");

  EXPECT_TRUE(unknown.starts_with("HTTP/1.1 404 ")) << unknown;
  EXPECT_EQ(reason_of(unknown), "service-unknown");
  EXPECT_TRUE(client.get("/", "hello.default").ends_with("hi"));
}
}  // namespace
}  // namespace heddle
