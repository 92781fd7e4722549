// One request in is one request out, or none: what two HTTP parsers could understand differently never passes
// (reliability H1R: both sidecars re-serialise the framing).
#include <gtest/gtest.h>

#include "tests/support/mesh_fixture.h"

namespace heddle {
namespace {
struct Smuggle {
  std::string name;
  std::string bytes;
};

class RefusedRequest : public MeshFixture, public testing::WithParamInterface<Smuggle> {};

TEST_P(RefusedRequest, NeverReachesTheApplication) {
  RawOrigin& origin = add_answering_origin("hi");
  join(origin.address(), PortProtocol::kHttp);  // an auto port may take bytes that are not HTTP for another protocol
  BlockingClient client(entry());

  client.send(GetParam().bytes + "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
  std::string answer = client.read_all();

  EXPECT_TRUE(answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.1 5")) << answer;
  EXPECT_EQ(answer.find("HTTP/1.1", 8), std::string::npos) << answer;
  EXPECT_EQ(origin.requests(), 0);
  wait_metric(*outbound_,
              str_cat("heddle_downstream_refused_total{listener=\"hello\",reason=\"", reason_of(answer), "\"}"), 1);
}

const Smuggle kRequests[] = {
    {"LengthAndChunked",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {"TwoLengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n12345"},
    {"ListOfLengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 6\r\n\r\n12345"},
    {"SignedLength", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n12345"},
    {"SpaceBeforeColon", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n\r\n12345"},
    {"UnknownCoding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"},
    {"ChunkedTwice",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {"FoldedLine", "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n"},
    {"BareLf", "GET / HTTP/1.1\nHost: a\n\n"},
    {"TwoHosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
    {"NoHost", "GET / HTTP/1.1\r\nX: a\r\n\r\n"},
    {"HexChunk", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\nZ\r\n0\r\n\r\n"},
};
INSTANTIATE_TEST_SUITE_P(Smuggling, RefusedRequest, testing::ValuesIn(kRequests),
                         [](const auto& param_info) { return param_info.param.name; });

class RefusedAnswer : public MeshFixture, public testing::WithParamInterface<Smuggle> {};

TEST_P(RefusedAnswer, IsABadGatewayAndTheConnectionIsNotUsedAgain) {
  RawOrigin& origin = add_origin([](BlockingClient& peer, int, std::atomic<int>&) {
    while (!read_request(peer).empty()) peer.send(GetParam().bytes);
  });
  join(origin.address());
  BlockingClient client(entry());

  std::string first = client.get("/");
  std::string second = client.get("/");

  EXPECT_TRUE(first.starts_with("HTTP/1.1 502 ")) << first;
  EXPECT_TRUE(second.starts_with("HTTP/1.1 502 ")) << second;
  EXPECT_GE(origin.connections(), 2);
}

const Smuggle kAnswers[] = {
    {"TwoLengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx"},
    {"LengthAndChunked", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {"NoStatusLine", "hello\r\n\r\n"},
    {"FoldedLine", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n"},
};
INSTANTIATE_TEST_SUITE_P(Smuggling, RefusedAnswer, testing::ValuesIn(kAnswers),
                         [](const auto& param_info) { return param_info.param.name; });

using Smuggling = MeshFixture;

TEST_F(Smuggling, BytesAfterAnAnswerAreNobodysAnswer) {
  RawOrigin& origin = add_origin([](BlockingClient& peer, int, std::atomic<int>&) {
    if (!read_request(peer).empty()) peer.send(http_answer("mine") + http_answer("poison"));
    peer.read_all();
  });
  join(origin.address());
  BlockingClient client(entry());

  for (int i = 0; i < 5; ++i) ASSERT_TRUE(client.get("/").ends_with("mine"));
}

TEST_F(Smuggling, ABodyThatLooksLikeARequestIsABody) {
  std::string seen;
  RawOrigin& origin = add_origin([&](BlockingClient& peer, int, std::atomic<int>& requests) {
    for (std::string request; !(request = read_request(peer)).empty();) {
      ++requests;
      seen = request;
      peer.send(http_answer("ok"));
    }
  });
  join(origin.address());
  BlockingClient client(entry());

  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 28\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n");
  client.read_until("ok");

  EXPECT_EQ(origin.requests(), 1);
  EXPECT_TRUE(seen.ends_with("GET /x HTTP/1.1\r\nHost: a\r\n\r\n")) << seen;
}
}  // namespace
}  // namespace heddle
