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
  // Nobody is asked for a certificate.
  std::shared_ptr<const TlsContext> for_strangers(TlsMaterial material) {
    return *TlsContext::create(material, {TlsRole::kServer, PeerCertificatePolicy::kNone, {"h2"}});
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

// A client of somebody else's, by OpenSSL's own defaults, of this version only; it shows a certificate if it is asked.
class Stranger {
 public:
  Stranger(const TlsContext& server, const Clock& clock, int version, const Svid* own = nullptr)
      : state_{server, clock, {}, nullptr, std::nullopt}, context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_min_proto_version(context_.get(), version);
    SSL_CTX_set_max_proto_version(context_.get(), version);
    if (own != nullptr) {
      SSL_CTX_use_certificate(context_.get(), own->chain.front().get());
      SSL_CTX_use_PrivateKey(context_.get(), own->key->raw());
    }
    client_.reset(SSL_new(context_.get()));
    server_.reset(SSL_new(server.raw()));
    state_.bind(server_.get());
    BIO* one = nullptr;
    BIO* other = nullptr;
    BIO_new_bio_pair(&one, 65536, &other, 65536);
    SSL_set_bio(client_.get(), one, one);
    SSL_set_bio(server_.get(), other, other);
    SSL_set_connect_state(client_.get());
    SSL_set_accept_state(server_.get());
    for (int i = 0; i < 4; ++i) {
      SSL_do_handshake(client_.get());
      SSL_do_handshake(server_.get());
    }
    ERR_clear_error();
  }
  bool is_done() const { return SSL_is_init_finished(client_.get()) && SSL_is_init_finished(server_.get()); }
  bool was_asked_for_a_certificate() const { return SSL_get0_peer_certificate(server_.get()) != nullptr; }
  // What the server showed.
  X509* seen() const { return SSL_get0_peer_certificate(client_.get()); }

 private:
  HandshakeState state_;
  SslContextPtr context_;
  SslPtr client_;
  SslPtr server_;
};

TEST_F(HandshakeTest, AStrangerComesByTls12Or13AndIsAskedForNothing) {
  Svid own = ca_.issue("spiffe://cluster.local/ns/a/sa/stranger");
  auto server = for_strangers({std::make_shared<const Svid>(own), bundle_});

  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Stranger stranger(*server, clock_, version, &own);

    EXPECT_TRUE(stranger.is_done()) << version;
    EXPECT_FALSE(stranger.was_asked_for_a_certificate()) << version;
  }
  EXPECT_EQ(SSL_CTX_get_min_proto_version(server->raw()), TLS1_2_VERSION);
}

TEST_F(HandshakeTest, NobodyComesToAMemberByTls12) {
  Svid own = ca_.issue("spiffe://cluster.local/ns/a/sa/member");

  EXPECT_TRUE(Stranger(*server_, clock_, TLS1_3_VERSION, &own).is_done());
  EXPECT_FALSE(Stranger(*server_, clock_, TLS1_2_VERSION, &own).is_done());
}

TEST_F(HandshakeTest, AWebCertificateIsShownInsteadOfTheSvid) {
  CertSpec spec;
  spec.dns = {"mesh.example.org"};
  Svid made = ca_.issue(spec);
  auto web = std::make_shared<const WebCertificate>(*WebCertificate::from_pem(made.chain_pem(), made.key));
  auto own = std::make_shared<const Svid>(ca_.issue("spiffe://cluster.local/ns/a/sa/own"));

  Stranger stranger(*for_strangers({own, bundle_, web}), clock_, TLS1_3_VERSION);

  ASSERT_TRUE(stranger.is_done());
  EXPECT_EQ(X509_cmp(stranger.seen(), made.chain.front().get()), 0);
}
}  // namespace
}  // namespace heddle
