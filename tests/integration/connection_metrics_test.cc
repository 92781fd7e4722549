// What a sidecar counts of connections and handshakes, on both sides of the mesh.
#include "tests/support/mesh_fixture.h"

namespace heddle {
namespace {
using ConnectionMetrics = MeshFixture;

TEST_F(ConnectionMetrics, BothSidesCountTheHandshakeTheyDid) {
  join(add_answering_origin("hi").address());

  ASSERT_TRUE(BlockingClient(entry()).get("/").ends_with("hi"));

  Sidecar& inbound = *inbound_.front();
  wait_metric(inbound, R"(heddle_tls_handshakes_total{side="server",result="ok"})", 1);
  wait_metric(inbound, R"(heddle_tls_handshake_seconds_count{side="server"})", 1);
  wait_metric(*outbound_, R"(heddle_tls_handshakes_total{side="client",result="ok"})", 1);
  wait_metric(*outbound_, R"(heddle_tls_handshake_seconds_count{side="client"})", 1);
}

TEST_F(ConnectionMetrics, ARefusedHandshakeIsCountedByItsReason) {
  Sidecar& inbound = add_inbound(add_answering_origin("hi").address());

  BlockingClient intruder(inbound.address());
  intruder.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  intruder.read_all();

  wait_metric(inbound, R"(heddle_tls_handshakes_total{side="server",result="plaintext-refused"})", 1);
  EXPECT_LE(inbound.metric(R"(heddle_tls_handshake_seconds_count{side="server"})"), 0);
}

TEST_F(ConnectionMetrics, APermissivePortCountsWhoWouldBeShutOutIfItWereStrict) {
  Sidecar& inbound = add_inbound(add_answering_origin("hi").address(), InboundTls::kPermissive);
  start_outbound(hello_snapshot({inbound.address()}, kServerId));
  BlockingClient stranger(inbound.address());

  for (int i = 0; i < 3; ++i) ASSERT_TRUE(stranger.get("/").ends_with("hi"));
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(BlockingClient(entry()).get("/").ends_with("hi"));

  wait_metric(inbound, R"(heddle_permissive_requests_total{listener="in",tls="plaintext"})", 3);
  wait_metric(inbound, R"(heddle_permissive_requests_total{listener="in",tls="mtls"})", 2);
  wait_metric(inbound, R"(heddle_permissive_connections_total{listener="in",tls="plaintext"})", 1);
  wait_metric(inbound, R"(heddle_permissive_connections_total{listener="in",tls="mtls"})", 1);
}

TEST_F(ConnectionMetrics, AStrangersTunnelCountsAsAConnection) {
  RawOrigin& application = add_answering_origin("hi");
  Sidecar& inbound = add_inbound(application.address(), InboundTls::kPermissive, PortProtocol::kTcp);

  ASSERT_TRUE(BlockingClient(inbound.address()).get("/").ends_with("hi"));

  wait_metric(inbound, R"(heddle_permissive_connections_total{listener="in",tls="plaintext"})", 1);
  EXPECT_EQ(inbound.metric(R"(heddle_permissive_requests_total{listener="in",tls="plaintext"})"), 0);
}

TEST_F(ConnectionMetrics, APermissivePortTakesBothOfDeclaredTcp) {
  RawOrigin& application =
      add_origin([](BlockingClient& peer, int, std::atomic<int>&) { peer.send(peer.read_exactly(2)); });
  Sidecar& inbound = add_inbound(application.address(), InboundTls::kPermissive, PortProtocol::kTcp);
  start_outbound(hello_snapshot({inbound.address()}, kServerId), outbound_settings(PortProtocol::kTcp));

  for (const Address& address : {inbound.address(), entry()}) {
    SCOPED_TRACE(address == entry() ? "by mutual TLS" : "in the clear");
    for (std::string_view bytes : {"PR", "\x01\x02"}) {  // looks like the beginning of HTTP/2; like nothing
      BlockingClient client(address);
      client.send(bytes);
      EXPECT_EQ(client.read_exactly(2), bytes);
    }
  }
}

TEST_F(ConnectionMetrics, OtherPortsAreNotCountedAsPermissive) {
  join(add_answering_origin("hi").address());

  ASSERT_TRUE(BlockingClient(entry()).get("/").ends_with("hi"));

  wait_metric(*inbound_.front(), R"(heddle_downstream_accepted_total{listener="in"})", 1);
  EXPECT_EQ(inbound_.front()->metric(R"(heddle_permissive_requests_total{listener="in",tls="mtls"})"), -1);
}

TEST_F(ConnectionMetrics, OpenConnectionsAreCountedUntilTheyEnd) {
  join(add_answering_origin("hi").address());
  auto first = std::make_unique<BlockingClient>(entry());
  BlockingClient second(entry());

  first->get("/");
  second.get("/");
  wait_metric(*outbound_, "heddle_downstream_connections", 2);
  first.reset();

  wait_metric(*outbound_, "heddle_downstream_connections", 1);
}
}  // namespace
}  // namespace heddle
