// TlsTransport beyond the transport contract: how it ends, what it holds, what it writes.
#include <gtest/gtest.h>

#include "tests/unit/lib/tls/tls_rig.h"

namespace heddle {
namespace {
using TlsTransportTest = TlsRig;

TEST_F(TlsTransportTest, NamesThePeerAndTheProtocol) {
  connect();

  EXPECT_EQ(at_server.closed.has_value(), false);
  EXPECT_EQ(server->info().alpn, "h2");
  EXPECT_EQ(server->info().peer_certificate->spiffe_id()->text(), kClientId);
  EXPECT_EQ(client->info().peer_certificate->spiffe_id()->text(), kServerId);
  EXPECT_TRUE(client->info().is_tls);
}

TEST_F(TlsTransportTest, AFinWithoutCloseNotifyIsNeverACleanEnd) {
  connect();
  (void)client->write(bytes("half an ans"));
  run_until([this] { return at_server.received_bytes == 11; });

  below_client->finish();
  run_until([this] { return at_server.is_closed(); });

  EXPECT_FALSE(at_server.saw("end"));
  EXPECT_EQ(at_server.closed->reason, Reason::kIo);
  EXPECT_NE(at_server.closed->detail.find("close_notify"), std::string::npos) << at_server.closed->detail;
}

TEST_F(TlsTransportTest, AFinThatOvertakesPausedBytesIsStillACutWithoutCloseNotify) {
  connect();
  server->pause(PauseReason::kFlow);
  (void)client->write(bytes("abc"));
  settle();
  below_client->finish();
  settle();
  EXPECT_FALSE(at_server.is_closed());

  server->resume(PauseReason::kFlow);
  run_until([this] { return at_server.is_closed(); });

  EXPECT_EQ(at_server.received, "abc");
  EXPECT_FALSE(at_server.saw("end"));
  EXPECT_EQ(at_server.closed->reason, Reason::kIo);
}

TEST_F(TlsTransportTest, CloseNotifyEndsBothDirectionsCleanly) {
  connect();

  client->finish();
  run_until([this] { return at_server.saw("end"); });
  server->finish();
  run_until([this] { return at_client.is_closed() && at_server.is_closed(); });

  EXPECT_TRUE(at_client.saw("end"));
  EXPECT_EQ(at_client.closed->reason, Reason::kNone);
  EXPECT_EQ(at_server.closed->reason, Reason::kNone);
}

TEST_F(TlsTransportTest, ACleanEndWaitsForTheReader) {
  connect();
  at_server.appetite = 0;
  (void)client->write(bytes("unread"));
  run_until([this] { return at_server.offers == 1; });
  server->finish();
  client->finish();
  settle();
  EXPECT_FALSE(at_server.is_closed());

  at_server.appetite = 100;
  server->reoffer();
  run_until([this] { return at_server.is_closed(); });

  EXPECT_EQ(at_server.received, "unread");
  EXPECT_EQ(at_server.closed->reason, Reason::kNone);
}

TEST_F(TlsTransportTest, MayBeClosedAfterFinish) {
  connect();
  client->finish();
  run_until([this] { return at_server.saw("end"); });

  client->close(CloseMode::kFlush);
  run_until([this] { return at_client.is_closed(); });

  EXPECT_EQ(at_client.closed->reason, Reason::kNone);
}

// Certificates that come from files may hold keys of RSA.
TEST_F(TlsTransportTest, BothSidesMayHaveKeysOfRsa) {
  KeyPtr rsa(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", size_t{2048}));
  Pkcs8Ptr pkcs8(EVP_PKEY2PKCS8(rsa.get()));
  CertSpec spec = CertSpec::leaf(kServerId);
  spec.key = *PrivateKey::from_der(to_der(pkcs8.get(), i2d_PKCS8_PRIV_KEY_INFO));
  server_identity = identity(ca.issue(spec), ca.bundle());
  client_identity = identity(ca.issue(spec), ca.bundle());

  connect();

  EXPECT_EQ(client->info().peer_certificate->spiffe_id()->text(), kServerId);
  EXPECT_EQ(server->info().peer_certificate->spiffe_id()->text(), kServerId);
}

TEST_F(TlsTransportTest, WritesBeforeTheHandshakeArriveAfterIt) {
  make();
  (void)client->write(bytes("early"));

  run_until([this] { return at_server.received_bytes == 5; });

  EXPECT_EQ(at_server.received, "early");
}

TEST_F(TlsTransportTest, JoinsSmallWritesIntoOneRecord) {
  connect();
  below_server->observe(&wire);  // what arrives is only counted

  for (int i = 0; i < 100; ++i) (void)client->write(bytes("0123456789"));
  run_until([this] { return wire.received_bytes > 0; });
  settle();

  EXPECT_EQ(wire.received_bytes, 1000U + 22U);  // header 5, tag 16, type 1
}

TEST_F(TlsTransportTest, FollowsAKeyUpdate) {
  SslContextPtr context = raw_context();
  RawTlsPeer raw(loop, context.get());
  auto far = serve(raw, server_setup());
  raw.write("before");
  run_until([this] { return at_server.received_bytes == 6; });

  SSL_key_update(raw.ssl(), SSL_KEY_UPDATE_REQUESTED);
  raw.write("after");
  run_until([this] { return at_server.received_bytes == 11; });
  (void)server->write(bytes("answer"));
  run_until([&] { return raw.received() == "answer"; });

  EXPECT_EQ(at_server.received, "beforeafter");
}

TEST_F(TlsTransportTest, AHundredKeyUpdatesAtOnceAreTaken) {
  SslContextPtr context = raw_context();
  RawTlsPeer raw(loop, context.get());
  auto far = serve(raw, server_setup());
  raw.write("x");
  run_until([this] { return at_server.received_bytes == 1; });

  for (int i = 0; i < 100; ++i) {
    SSL_key_update(raw.ssl(), SSL_KEY_UPDATE_REQUESTED);
    raw.write("x");
  }
  run_until([this] { return at_server.received_bytes == 101 || at_server.is_closed(); });

  EXPECT_EQ(at_server.received_bytes, 101U);
  EXPECT_FALSE(at_server.is_closed());
}

// Rule S6.
TEST_F(TlsTransportTest, MoreThanAHundredKeyUpdatesInASecondAreAbuse) {
  SslContextPtr context = raw_context();
  RawTlsPeer raw(loop, context.get());
  auto far = serve(raw, server_setup());
  raw.write("x");
  run_until([this] { return at_server.received_bytes == 1; });

  for (int i = 0; i < 1000; ++i) {
    SSL_key_update(raw.ssl(), SSL_KEY_UPDATE_REQUESTED);
    raw.write("x");
  }
  run_until([this] { return at_server.is_closed(); });

  EXPECT_EQ(at_server.closed->reason, Reason::kAbuse);
  EXPECT_LT(at_server.received_bytes, 300U);  // what OpenSSL held when its input was taken away
}

TEST_F(TlsTransportTest, NothingIsRepeatedWhileTheHandshakeWaits) {
  auto [near, far] = make_memory_pair(loop);
  far->observe(&wire);
  client = over(std::move(near), TlsRole::kClient, client_setup());
  client->observe(&at_client);
  run_until([this] { return wire.received_bytes > 0; });
  size_t hello = wire.received_bytes;
  int turns = 0;
  uv_prepare_t prepare;
  prepare.data = &turns;
  uv_prepare_init(loop.raw(), &prepare);
  uv_prepare_start(&prepare, [](uv_prepare_t* p) { ++*static_cast<int*>(p->data); });

  settle();
  uv_close(reinterpret_cast<uv_handle_t*>(&prepare), nullptr);
  settle();

  EXPECT_EQ(wire.received_bytes, hello);
  EXPECT_LT(turns, 20);  // a waiting handshake does not spin
  client.reset();
}

TEST_F(TlsTransportTest, GivesNoTicketAndResumesNothing) {
  SslContextPtr context = raw_context();
  RawTlsPeer raw(loop, context.get());
  auto far = serve(raw, server_setup());
  raw.write("x");
  run_until([this] { return at_server.received_bytes == 1; });
  (void)server->write(bytes("y"));
  run_until([&] { return raw.received() == "y"; });

  std::unique_ptr<SSL_SESSION, OpensslDelete<SSL_SESSION_free>> session(SSL_get1_session(raw.ssl()));
  EXPECT_EQ(SSL_SESSION_has_ticket(session.get()), 0);
  EXPECT_EQ(SSL_SESSION_is_resumable(session.get()), 0);
}

TEST_F(TlsTransportTest, HoldsNothingOnceIdle) {
  connect();
  (void)client->write(bytes(std::string(1'000'000, 'x')));
  run_until([this] { return at_server.received_bytes == 1'000'000; });

  settle();

  EXPECT_EQ(loop.blocks().bytes_in_use(), 0U);
}

TEST_F(TlsTransportTest, AReaderThatTakesNothingStopsTheWriter) {
  connect();
  at_server.appetite = 0;

  for (int i = 0; i < 200; ++i) (void)client->write(bytes(std::string(16'000, 'x')));
  settle();

  // Decrypted and not consumed, one step beyond the mark; the same once more below.
  EXPECT_LE(at_server.offered, Transport::kUnconsumedMark + 64 * 1024);
  EXPECT_GT(client->queued(), 2'000'000U);
}
}  // namespace
}  // namespace heddle
