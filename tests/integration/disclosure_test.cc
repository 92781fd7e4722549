// Who is told why (`heddle-reason`, hints): our own application and peers of the mesh, and no stranger at an open
// inbound port, whichever layer made the answer.
#include <gtest/gtest.h>

#include "tests/support/h2_frames.h"
#include "tests/support/mesh_fixture.h"

namespace heddle {
namespace {
constexpr std::string_view kBadRequest =
    "POST /bad HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n";

// The only answer's header block to a head with 101 fields.
std::string refusal_over_h2(const Address& address) {
  h2::Fields fields = h2::get();
  for (int i = 0; i < 101; ++i) fields.emplace_back("x", "y");
  BlockingClient client(address);
  client.send(h2::client_start() + h2::headers(1, fields, h2::kEndHeaders | h2::kEndStream));
  for (;;) {
    std::string head = client.read_exactly(9);
    if (head.size() < 9) return "the connection ended";
    std::string payload = client.read_exactly(h2::read_u32(head) >> 8);
    if (head[3] == h2::kHeaders) return payload;
  }
}

std::string refusal_over_h1(const Address& address) {
  BlockingClient client(address);
  client.send(kBadRequest);
  return client.read_all();
}

class DisclosureToStrangers : public MeshFixture, public testing::WithParamInterface<InboundTls> {
 protected:
  Sidecar& open_port(const Address& application) { return add_inbound(application, GetParam(), PortProtocol::kHttp); }
};
INSTANTIATE_TEST_SUITE_P(Ports, DisclosureToStrangers, testing::Values(InboundTls::kPermissive, InboundTls::kOff),
                         [](const auto& mode) { return mode.param == InboundTls::kOff ? "Off" : "Permissive"; });

TEST_P(DisclosureToStrangers, NothingIsSaidByTheHttp1Codec) {
  Sidecar& inbound = open_port(add_answering_origin("hi").address());

  std::string answer = refusal_over_h1(inbound.address());

  EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 Bad Request\r\n")) << answer;
  EXPECT_EQ(answer.find("heddle"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\nBad Request\n")) << answer;
}

TEST_P(DisclosureToStrangers, NothingIsSaidByTheHttp2Codec) {
  Sidecar& inbound = open_port(add_answering_origin("hi").address());
  start_outbound(nullptr);

  std::string told = refusal_over_h2(entry());
  std::string stranger = refusal_over_h2(inbound.address());

  EXPECT_GT(told.size(), stranger.size() + 8) << "the reason is a field more";
}

TEST_P(DisclosureToStrangers, NothingIsSaidByTheExchange) {
  DeadPort dead;
  BlockingClient client(open_port(dead.address()).address());

  std::string answer = client.get("/");

  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
  EXPECT_EQ(answer.find("heddle"), std::string::npos) << answer;
}

using Disclosure = MeshFixture;

TEST_F(Disclosure, OurOwnApplicationIsToldByEveryLayer) {
  start_outbound(nullptr, outbound_settings(PortProtocol::kHttp));

  EXPECT_EQ(reason_of(refusal_over_h1(entry())), "bad-request");
  EXPECT_EQ(reason_of(BlockingClient(entry()).get("/")), "no-config");
}
}  // namespace
}  // namespace heddle
