// Connections that carry opaque bytes through both sidecars: upgraded ones and plain TCP.
#include <gtest/gtest.h>

#include "tests/support/mesh_fixture.h"

namespace heddle {
namespace {
class TunnelThroughMesh : public MeshFixture {
 protected:
  void join_tcp(RawOrigin::Script script) { join(add_origin(std::move(script)).address(), PortProtocol::kTcp); }
};

constexpr std::string_view kUpgrade =
    "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
constexpr std::string_view kAccept =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

TEST_F(TunnelThroughMesh, AWebSocketIsUpgradedAndEchoes) {
  RawOrigin& origin = add_origin([](BlockingClient& peer, int, std::atomic<int>&) {
    if (read_request(peer).find("websocket") == std::string::npos) return;
    peer.send(kAccept);
    for (std::string text; !(text = peer.read_some()).empty();) peer.send(text);
  });
  join(origin.address());
  BlockingClient client(entry());

  client.send(kUpgrade);
  std::string head = client.read_until("\r\n\r\n");
  client.send("ping one");
  std::string echo = client.read_exactly(8);

  EXPECT_TRUE(head.starts_with("HTTP/1.1 101 ")) << head;
  EXPECT_NE(head.find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), std::string::npos) << head;
  EXPECT_EQ(echo, "ping one");
}

TEST_F(TunnelThroughMesh, TheClientMaySpeakOnAfterTheServerEnded) {
  std::string last_words;
  RawOrigin& origin = add_origin([&](BlockingClient& peer, int, std::atomic<int>& requests) {
    read_request(peer);
    peer.send(std::string(kAccept) + "bye");
    peer.finish();
    last_words = peer.read_all();
    ++requests;
  });
  join(origin.address());
  BlockingClient client(entry());

  client.send(kUpgrade);
  client.read_until("\r\n\r\n");
  std::string all = client.read_all();
  client.send("and me too");
  client.finish();
  while (origin.requests() == 0) std::this_thread::yield();

  EXPECT_EQ(all, "bye");
  EXPECT_EQ(last_words, "and me too");
}

TEST_F(TunnelThroughMesh, ARefusedUpgradeIsAnOrdinaryAnswer) {
  RawOrigin& origin = add_origin([](BlockingClient& peer, int, std::atomic<int>&) {
    if (!read_request(peer).empty()) peer.send("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno");
  });
  join(origin.address());
  BlockingClient client(entry());

  client.send(kUpgrade);

  EXPECT_TRUE(client.read_until("\r\n\r\nno").starts_with("HTTP/1.1 403 "));
}

// Between the sidecars is HTTP/2, where any 2xx would accept the upgrade: the client must not hear a 101.
TEST_F(TunnelThroughMesh, AnUpgradeThatIsAnsweredWithoutOneIsABadGateway) {
  RawOrigin& origin = add_origin([](BlockingClient& peer, int, std::atomic<int>&) {
    if (!read_request(peer).empty()) peer.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
  });
  join(origin.address());
  BlockingClient client(entry());

  client.send(kUpgrade);

  EXPECT_TRUE(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 502 "));
}

TEST_F(TunnelThroughMesh, TcpEchoes) {
  join_tcp([](BlockingClient& peer, int, std::atomic<int>&) {
    for (std::string text; !(text = peer.read_some()).empty();) peer.send(text);
  });
  BlockingClient client(entry());
  std::string text(3'000'000, 't');

  std::thread writer([&] { client.send(text); });
  std::string echo = client.read_exactly(text.size());  // while the other thread only sends
  writer.join();

  EXPECT_EQ(echo.size(), text.size());
  EXPECT_EQ(echo == text, true);
}

TEST_F(TunnelThroughMesh, TheServerMaySpeakFirst) {
  join_tcp([](BlockingClient& peer, int, std::atomic<int>&) {
    peer.send("welcome\n");
    peer.read_all();
  });
  BlockingClient client(entry());

  EXPECT_EQ(client.read_until("\n"), "welcome\n");
}

TEST_F(TunnelThroughMesh, EachDirectionEndsForItself) {
  join_tcp([](BlockingClient& peer, int, std::atomic<int>&) {
    std::string question = peer.read_all();  // to the FIN
    peer.send("answer to " + question);
  });
  BlockingClient client(entry());

  client.send("question");
  client.finish();

  EXPECT_EQ(client.read_all(), "answer to question");
  EXPECT_EQ(client.ended(), Ended::kFin);
}

TEST_F(TunnelThroughMesh, AResetIsPassedOn) {
  join_tcp([](BlockingClient& peer, int, std::atomic<int>&) {
    peer.read_exactly(1);
    peer.reset();
  });
  BlockingClient client(entry());

  client.send("x");
  client.read_all();

  EXPECT_EQ(client.ended(), Ended::kReset);
}

TEST_F(TunnelThroughMesh, TcpGoesToAnotherEndpointWhenOneIsDead) {
  DeadPort dead;
  RawOrigin& origin = add_origin([](BlockingClient& peer, int, std::atomic<int>&) { peer.send("alive"); });
  Sidecar& alive = add_inbound(origin.address(), InboundTls::kStrict, PortProtocol::kTcp);
  start_outbound(hello_snapshot({dead.address(), alive.address()}, kServerId), outbound_settings(PortProtocol::kTcp));

  for (int i = 0; i < 10; ++i) ASSERT_EQ(BlockingClient(entry()).read_exactly(5), "alive");
}

TEST_F(TunnelThroughMesh, OpaqueBytesAreDetectedOnAnAutoPort) {
  RawOrigin& origin =
      add_origin([](BlockingClient& peer, int, std::atomic<int>&) { peer.send("got " + peer.read_exactly(8)); });
  join(origin.address());
  BlockingClient client(entry());

  client.send(std::string("\x00\x01\x02\x03\x04\x05\x06\x07", 8));

  EXPECT_EQ(client.read_exactly(12), std::string("got \x00\x01\x02\x03\x04\x05\x06\x07", 12));
}

TEST_F(TunnelThroughMesh, APermissivePortTakesBoth) {
  RawOrigin& origin = add_answering_origin("hi");
  Sidecar& inbound = add_inbound(origin.address(), InboundTls::kPermissive);
  start_outbound(hello_snapshot({inbound.address()}, kServerId));
  BlockingClient with_sidecar(entry());
  BlockingClient without(inbound.address());

  EXPECT_TRUE(with_sidecar.get("/").ends_with("hi"));
  EXPECT_TRUE(without.get("/").ends_with("hi"));
}

TEST_F(TunnelThroughMesh, AStrictPortTakesNoPlaintext) {
  RawOrigin& origin = add_answering_origin("hi");
  Sidecar& inbound = add_inbound(origin.address(), InboundTls::kStrict);
  BlockingClient without(inbound.address());

  std::string answer = without.get("/");

  EXPECT_EQ(answer.find("HTTP/1.1"), std::string::npos);
  EXPECT_EQ(origin.connections(), 0);
}
}  // namespace
}  // namespace heddle
