// One SSL_CTX per role and generation of certificate, seen from outside: OpenSSL counts the handshakes of each context.
#include <gtest/gtest.h>

#include "tests/support/mesh_fixture.h"

namespace heddle {
namespace {
class TlsGenerations : public MeshFixture {
 protected:
  void SetUp() override {
    origin_ = &add_origin([](BlockingClient& peer, int, std::atomic<int>&) { peer.send(peer.read_exactly(4)); });
    inbound_.push_back(
        std::make_unique<Sidecar>(inbound_settings(origin_->address(), InboundTls::kStrict, PortProtocol::kTcp)));
    inbound_.back()->publish(first_server_);
    ASSERT_TRUE(inbound_.back()->start());
    start_outbound(hello_snapshot({inbound_.back()->address()}, kServerId), outbound_settings(PortProtocol::kTcp));
    outbound_->publish(first_client_);
  }
  // A TCP connection through both sidecars: one handshake between them.
  void talk() {
    BlockingClient client(entry());
    client.send("ping");
    ASSERT_EQ(client.read_exactly(4), "ping");
  }
  void talk_until(const std::function<bool()>& done) {
    auto give_up = std::chrono::steady_clock::now() + 60s;
    while (!done() && std::chrono::steady_clock::now() < give_up) talk();
    ASSERT_TRUE(done());
  }
  std::shared_ptr<const TlsIdentity> identity(std::string_view id) { return identity_of(ca_.issue(id), ca_.bundle()); }
  static long accepted(const TlsIdentity& identity) { return SSL_CTX_sess_accept_good(identity.server->raw()); }
  static long connected(const TlsIdentity& identity) { return SSL_CTX_sess_connect_good(identity.client->raw()); }

  RawOrigin* origin_ = nullptr;
  std::shared_ptr<const TlsIdentity> first_server_ = identity(kServerId);
  std::shared_ptr<const TlsIdentity> first_client_ = identity(kClientId);
};

TEST_F(TlsGenerations, ConnectionsOfOneCertificateShareItsContext) {
  talk_until([this] { return connected(*first_client_) > 0; });
  long accepted_before = accepted(*first_server_);
  long connected_before = connected(*first_client_);

  for (int i = 0; i < 3; ++i) talk();

  EXPECT_EQ(accepted(*first_server_), accepted_before + 3);
  EXPECT_EQ(connected(*first_client_), connected_before + 3);
}

TEST_F(TlsGenerations, TheNextCertificateHasContextsOfItsOwn) {
  auto next_server = identity(kServerId);
  auto next_client = identity(kClientId);
  talk_until([this] { return connected(*first_client_) > 0; });

  inbound_.back()->publish(next_server);
  outbound_->publish(next_client);
  talk_until([&] { return accepted(*next_server) > 0 && connected(*next_client) > 0; });
  long accepted_by_the_first = accepted(*first_server_);
  long connected_by_the_first = connected(*first_client_);
  talk();

  EXPECT_NE(next_server->server->raw(), first_server_->server->raw());
  EXPECT_NE(next_client->client->raw(), first_client_->client->raw());
  EXPECT_EQ(accepted(*first_server_), accepted_by_the_first);
  EXPECT_EQ(connected(*first_client_), connected_by_the_first);
}
}  // namespace
}  // namespace heddle
