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
