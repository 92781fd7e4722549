#include "lib/tls/handshake.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "lib/event/loop.h"
#include "tests/support/test_ca.h"

namespace heddle {
namespace {
// Two bare OpenSSL ends over a pair of memory BIOs, both judged by HandshakeState.
class Handshake {
 public:
  Handshake(const TlsContext& client, const TlsContext& server, const Clock& clock)
      : client_state_{client, clock, {}, nullptr, std::nullopt},
        server_state_{server, clock, {}, nullptr, std::nullopt},
        client_(SSL_new(client.raw())),
        server_(SSL_new(server.raw())) {
    client_state_.bind(client_.get());
    server_state_.bind(server_.get());
    BIO* one = nullptr;
    BIO* other = nullptr;
    BIO_new_bio_pair(&one, kRoom, &other, kRoom);
    SSL_set_bio(client_.get(), one, one);
    SSL_set_bio(server_.get(), other, other);
    SSL_set_connect_state(client_.get());
    SSL_set_accept_state(server_.get());
    for (int i = 0; i < 4; ++i) {
      SSL_do_handshake(client_.get());
      SSL_do_handshake(server_.get());
    }
  }
  bool is_done() const { return SSL_is_init_finished(client_.get()) && SSL_is_init_finished(server_.get()); }
  SSL* server() const { return server_.get(); }
  SSL* client() const { return client_.get(); }
  // A record each way after the handshake.
  bool talks() const {
    char room[8];
    return SSL_write(client_.get(), "ping", 4) == 4 && SSL_read(server_.get(), room, sizeof(room)) == 4 &&
           SSL_write(server_.get(), "pong", 4) == 4 && SSL_read(client_.get(), room, sizeof(room)) == 4;
  }

 private:
  static constexpr size_t kRoom = 65536;
  HandshakeState client_state_;
  HandshakeState server_state_;
  SslPtr client_;
  SslPtr server_;
};

class HandshakeTest : public testing::Test {
 protected:
  std::shared_ptr<const TlsContext> context(TlsRole role, const char* account) {
    auto svid = std::make_shared<const Svid>(between_.issue(str_cat("spiffe://cluster.local/ns/a/sa/", account)));
    return *TlsContext::create({svid, bundle_}, {role, PeerCertificatePolicy::kRequired, {"h2"}});
  }
  Loop clock_;
  TestCa ca_{"cluster.local"};
  TestCa between_ = ca_.intermediate(CertSpec::authority("between"));
  std::shared_ptr<const TrustBundle> bundle_ = std::make_shared<const TrustBundle>(ca_.bundle());
  std::shared_ptr<const TlsContext> server_ = context(TlsRole::kServer, "server");
  std::shared_ptr<const TlsContext> client_ = context(TlsRole::kClient, "client");
};

TEST_F(HandshakeTest, ConnectionsOfOnePeerHoldItsCertificateOnce) {
  Handshake first(*client_, *server_, clock_);
  Handshake second(*client_, *server_, clock_);

  ASSERT_TRUE(first.is_done() && second.is_done());
  EXPECT_EQ(SSL_get0_peer_certificate(first.server()), SSL_get0_peer_certificate(second.server()));
  EXPECT_EQ(SSL_get0_peer_certificate(first.client()), SSL_get0_peer_certificate(second.client()));
  EXPECT_TRUE(first.talks() && second.talks());
}

TEST_F(HandshakeTest, TheIssuersAreDroppedOnceThePeerIsJudged) {
  Handshake first(*client_, *server_, clock_);
  Handshake second(*client_, *server_, clock_);

  for (const Handshake* one : {&first, &second}) {
    ASSERT_TRUE(one->is_done());
    EXPECT_EQ(sk_X509_num(SSL_get_peer_cert_chain(one->server())), 0) << "the leaf is held apart";
    EXPECT_EQ(sk_X509_num(SSL_get_peer_cert_chain(one->client())), 1);
  }
}

TEST_F(HandshakeTest, AnotherPeerIsAnotherCertificate) {
  auto other = context(TlsRole::kClient, "other");
  Handshake first(*client_, *server_, clock_);
  Handshake second(*other, *server_, clock_);

  ASSERT_TRUE(first.is_done() && second.is_done());
  EXPECT_NE(SSL_get0_peer_certificate(first.server()), SSL_get0_peer_certificate(second.server()));
}
}  // namespace
}  // namespace heddle
