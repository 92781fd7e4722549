// Who is refused in the TLS handshake, and with which reason on both sides.
#include <gtest/gtest.h>

#include "tests/unit/lib/tls/tls_rig.h"

namespace heddle {
namespace {
class TlsRefusal : public TlsRig {
 protected:
  // The server shows `svid`; the client expects kServerId.
  void connect_to(const Svid& svid) {
    server_identity = identity(svid, ca.bundle());
    TlsSetup picky = client_setup();
    picky.check = Authorizer::exact(*SpiffeId::parse(kServerId));
    make(std::move(picky), server_setup());
    run_until([this] { return at_client.is_closed() && at_server.is_closed(); });
  }
  // The client shows `svid`; the server admits members of cluster.local.
  void connect_as(const Svid& svid) {
    client_identity = identity(svid, ca.bundle());
    TlsSetup picky = server_setup();
    picky.check = Authorizer::member_of(*TrustDomain::parse("cluster.local"));
    make(client_setup(), std::move(picky));
    run_until([this] { return at_client.is_closed() && at_server.is_closed(); });
  }
  // What a client hears that shows `svid` to a server which expects kClientId.
  int alert_heard_as(const Svid& svid) {
    client_identity = identity(svid, ca.bundle());
    TlsSetup picky = server_setup();
    picky.check = Authorizer::exact(*SpiffeId::parse(kClientId));
    SslContextPtr context = raw_context();
    RawTlsPeer raw(loop, context.get());
    auto far = serve(raw, std::move(picky));
    run_until([&] { return raw.alert() != 0; });
    server.reset();
    return raw.alert();
  }
  Svid expired(std::string_view id) {
    CertSpec spec = CertSpec::leaf(id);
    spec.not_after = kTestEpoch + std::chrono::hours(1);
    return ca.issue(spec);
  }
  void expect_nothing_passed() {
    EXPECT_EQ(at_client.received_bytes + at_server.received_bytes, 0U);
    EXPECT_FALSE(at_server.saw("end"));
  }
};

TEST_F(TlsRefusal, AServerWithAnotherIdentity) {
  connect_to(ca.issue("spiffe://cluster.local/ns/a/sa/other"));

  EXPECT_EQ(at_client.closed->reason, Reason::kPeerIdentityUnexpected);
  EXPECT_EQ(at_server.closed->reason, Reason::kTlsHandshakeFailed);
  EXPECT_FALSE(at_client.saw("connected"));
  expect_nothing_passed();
}

TEST_F(TlsRefusal, AServerOfAnotherTrustDomain) {
  TestCa other("other.test");

  connect_to(other.issue("spiffe://other.test/ns/a/sa/server"));

  EXPECT_EQ(at_client.closed->reason, Reason::kPeerTrustDomainUnknown);
  EXPECT_FALSE(at_client.saw("connected"));
}

TEST_F(TlsRefusal, AnExpiredServer) {
  connect_to(expired(kServerId));

  EXPECT_EQ(at_client.closed->reason, Reason::kPeerCertificateInvalid);
  EXPECT_NE(at_client.closed->detail.find("expired"), std::string::npos) << at_client.closed->detail;
}

TEST_F(TlsRefusal, ASelfSignedServer) {
  connect_to(ca.self_signed(CertSpec::leaf(kServerId)));

  EXPECT_EQ(at_client.closed->reason, Reason::kPeerCertificateInvalid);
}

TEST_F(TlsRefusal, AServerSignedByAnotherRootOfTheSameName) {
  TestCa impostor("cluster.local");

  connect_to(impostor.issue(kServerId));

  EXPECT_EQ(at_client.closed->reason, Reason::kPeerCertificateInvalid);
}

// RFC 8446 §6.2: what is wrong with its certificate.
TEST_F(TlsRefusal, TheAlertSaysWhy) {
  CertSpec without_usage = CertSpec::leaf(kClientId);
  without_usage.key_usage = "";

  EXPECT_EQ(alert_heard_as(expired(kClientId)), SSL_AD_CERTIFICATE_EXPIRED);
  EXPECT_EQ(alert_heard_as(TestCa("cluster.local").issue(kClientId)), SSL_AD_UNKNOWN_CA);
  EXPECT_EQ(alert_heard_as(TestCa("other.test").issue("spiffe://other.test/x")), SSL_AD_UNKNOWN_CA);
  EXPECT_EQ(alert_heard_as(ca.issue(without_usage)), SSL_AD_BAD_CERTIFICATE);
  // Nothing is wrong with it: we do not want this one.
  EXPECT_EQ(alert_heard_as(ca.issue("spiffe://cluster.local/stranger")), SSL_AD_HANDSHAKE_FAILURE);
}

TEST_F(TlsRefusal, AClientOfAnotherTrustDomainAndTheClientHears) {
  TestCa other("other.test");

  connect_as(other.issue("spiffe://other.test/ns/a/sa/x"));

  EXPECT_EQ(at_server.closed->reason, Reason::kPeerTrustDomainUnknown);
  EXPECT_FALSE(at_server.saw("connected"));
  // TLS 1.3: the client's handshake had succeeded before.
  EXPECT_TRUE(at_client.saw("connected"));
  EXPECT_EQ(at_client.closed->reason, Reason::kTlsHandshakeFailed);
  expect_nothing_passed();
}

TEST_F(TlsRefusal, AnExpiredClient) {
  connect_as(expired(kClientId));

  EXPECT_EQ(at_server.closed->reason, Reason::kPeerCertificateInvalid);
  EXPECT_EQ(at_client.closed->reason, Reason::kTlsHandshakeFailed);
}

TEST_F(TlsRefusal, ASelfSignedClient) {
  connect_as(ca.self_signed(CertSpec::leaf(kClientId)));

  EXPECT_EQ(at_server.closed->reason, Reason::kPeerCertificateInvalid);
}

TEST_F(TlsRefusal, AClientWithoutACertificate) {
  TlsMaterial nobody{nullptr, std::make_shared<const TrustBundle>(ca.bundle())};
  auto context = TlsContext::create(nobody, {TlsRole::kClient, PeerCertificatePolicy::kRequired, {"h2"}});
  ASSERT_TRUE(context);
  make(setup_of(*context), server_setup());

  run_until([this] { return at_client.is_closed() && at_server.is_closed(); });

  EXPECT_EQ(at_server.closed->reason, Reason::kPeerCertificateMissing);
  EXPECT_EQ(at_client.closed->reason, Reason::kTlsHandshakeFailed);
}

TEST_F(TlsRefusal, AClientWithoutACertificateIsAdmittedWhereItIsOptional) {
  TlsMaterial nobody{nullptr, std::make_shared<const TrustBundle>(ca.bundle())};
  auto context = TlsContext::create(nobody, {TlsRole::kClient, PeerCertificatePolicy::kRequired, {"h2"}});
  TlsMaterial own{server_identity->svid, server_identity->bundle};
  auto lenient = TlsContext::create(own, {TlsRole::kServer, PeerCertificatePolicy::kOptional, {"h2"}});
  ASSERT_TRUE(context && lenient);
  make(setup_of(*context), setup_of(*lenient));

  run_until([this] { return at_server.saw("connected"); });

  EXPECT_EQ(server->info().peer_certificate, nullptr);
}

TEST_F(TlsRefusal, PlaintextHasAReasonOfItsOwn) {
  auto [a, b] = make_memory_pair(loop);
  server = over(std::move(b), TlsRole::kServer, server_setup());
  server->observe(&at_server);
  a->observe(&wire);

  (void)a->write(bytes("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  run_until([this] { return at_server.is_closed(); });

  EXPECT_EQ(at_server.closed->reason, Reason::kPlaintextRefused);
}

TEST_F(TlsRefusal, GarbageAfterAHandshakeByte) {
  auto [a, b] = make_memory_pair(loop);
  server = over(std::move(b), TlsRole::kServer, server_setup());
  server->observe(&at_server);
  a->observe(&wire);

  (void)a->write(bytes("\x16garbage garbage garbage"));
  run_until([this] { return at_server.is_closed(); });

  EXPECT_EQ(at_server.closed->reason, Reason::kTlsHandshakeFailed);
}

TEST_F(TlsRefusal, AClientThatSpeaksTls12Only) {
  SslContextPtr old(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_max_proto_version(old.get(), TLS1_2_VERSION);
  RawTlsPeer raw(loop, old.get());

  auto far = serve(raw, server_setup());
  run_until([&] { return at_server.is_closed() && raw.alert() != 0; });

  EXPECT_EQ(at_server.closed->reason, Reason::kTlsHandshakeFailed);
  EXPECT_EQ(raw.alert(), SSL_AD_PROTOCOL_VERSION);
}

TEST_F(TlsRefusal, AnAlpnListWithoutOneOfOurs) {
  SslContextPtr context = raw_context();
  RawTlsPeer raw(loop, context.get());
  SSL_set_alpn_protos(raw.ssl(), reinterpret_cast<const unsigned char*>("\x05smtp2"), 6);

  auto far = serve(raw, server_setup());
  run_until([&] { return at_server.is_closed() && raw.alert() != 0; });

  EXPECT_EQ(raw.alert(), SSL_AD_NO_APPLICATION_PROTOCOL);
}

TEST_F(TlsRefusal, NoAlpnAtAllIsLeftToDetection) {
  SslContextPtr context = raw_context();
  RawTlsPeer raw(loop, context.get());

  auto far = serve(raw, server_setup());
  run_until([this] { return at_server.saw("connected"); });

  EXPECT_EQ(server->info().alpn, "");
}

TEST_F(TlsRefusal, AStalledHandshakeEndsInTime) {
  auto [a, b] = make_memory_pair(loop);
  TlsSetup hasty = server_setup();
  hasty.handshake = 50ms;
  server = over(std::move(b), TlsRole::kServer, std::move(hasty));
  server->observe(&at_server);
  a->observe(&wire);

  (void)a->write(bytes("\x16\x03\x01"));
  run_until([this] { return at_server.is_closed(); });

  EXPECT_EQ(at_server.closed->reason, Reason::kTlsHandshakeTimeout);
}

TEST_F(TlsRefusal, APeerThatHangsUpInTheHandshake) {
  auto [a, b] = make_memory_pair(loop);
  client = over(std::move(a), TlsRole::kClient, client_setup());
  client->observe(&at_client);
  b->observe(&wire);
  run_until([this] { return wire.received_bytes > 0; });

  b->finish();
  run_until([this] { return at_client.is_closed(); });

  EXPECT_EQ(at_client.closed->reason, Reason::kTlsHandshakeFailed);
}

TEST_F(TlsRefusal, AResetInTheHandshakeIsAFailedHandshake) {
  auto [a, b] = make_memory_pair(loop);
  client = over(std::move(a), TlsRole::kClient, client_setup());
  client->observe(&at_client);
  b->observe(&wire);
  run_until([this] { return wire.received_bytes > 0; });

  b->close(CloseMode::kAbort);
  run_until([this] { return at_client.is_closed(); });

  EXPECT_EQ(at_client.closed->reason, Reason::kTlsHandshakeFailed);
}

TEST_F(TlsRefusal, AMemberOfAnotherTrustDomainIsForeignOnceItsRootsAreBelieved) {
  TestCa partner("partner.example");
  TrustBundle both = ca.bundle();
  both.replace(partner.roots());
  client_identity = identity(partner.issue("spiffe://partner.example/ns/a/sa/b"), both);
  server_identity = identity(ca.issue(kServerId), both);

  connect();

  EXPECT_TRUE(server->info().is_foreign);
  EXPECT_TRUE(client->info().is_foreign);
}

TEST_F(TlsRefusal, AForeignersCertificateIsRememberedInTheirPlacesOnly) {
  TestCa partner("partner.example");
  TrustBundle both = ca.bundle();
  both.replace(partner.roots());
  Svid svid = partner.issue("spiffe://partner.example/ns/a/sa/b");
  client_identity = identity(svid, both);
  server_identity = identity(ca.issue(kServerId), both);
  VerdictCache& known = server_identity->server->verdicts();
  VerifiedPeer verified = *verify_peer(svid.chain, both, loop.wall());
  for (size_t i = 0; i < VerdictCache::kForeignCapacity; ++i)
    known.add(std::to_string(i), svid.chain.front().get(), verified, loop.wall(), VerdictCache::Whose::kForeign);

  connect();

  EXPECT_EQ(known.size(), VerdictCache::kForeignCapacity);
}

TEST_F(TlsRefusal, AMemberOfOurOwnTrustDomainIsNotForeign) {
  connect();

  EXPECT_FALSE(server->info().is_foreign);
  EXPECT_FALSE(client->info().is_foreign);
}
}  // namespace
}  // namespace heddle
