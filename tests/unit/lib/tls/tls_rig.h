// TlsRig: a TlsTransport on each end of a memory pair, with the transports below in reach; and RawTlsPeer, a bare
// OpenSSL end that can do what TlsTransport never does (old versions, other ALPN, key updates).
#pragma once
#include <gtest/gtest.h>

#include "certs/authorizer.h"
#include "lib/base/strings.h"
#include "lib/tls/tls_transport.h"
#include "tests/support/memory_transport.h"
#include "tests/support/recording_observer.h"
#include "tests/support/run_turns.h"
#include "tests/support/test_ca.h"

namespace heddle {

// The client side, by hand, over one end of a pair.
class RawTlsPeer final : public Transport::Observer {
 public:
  RawTlsPeer(Loop& loop, SSL_CTX* context) : loop_(loop), ssl_(SSL_new(context)) {
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl_.get(), in_, out_);
    SSL_set_connect_state(ssl_.get());
  }
  void start(Transport& below) {
    below_ = &below;
    below.observe(this);
    step();
  }
  void write(std::string_view text) {
    waiting_.emplace_back(text);
    step();
  }
  SSL* ssl() { return ssl_.get(); }
  const std::string& received() const { return received_; }
  int alert() const { return alert_; }  // received, or 0
  bool is_closed() const { return closed_; }

 private:
  void on_data(Buffer& in) override {
    std::string text = in.take(in.size()).to_string();
    BIO_write(in_, text.data(), static_cast<int>(text.size()));
    step();
  }
  void on_end() override { closed_ = true; }
  void on_drained() override {}
  void on_closed(const Error&) override { closed_ = true; }
  void step() {
    if (below_ == nullptr) return;
    ERR_clear_error();
    if (SSL_do_handshake(ssl_.get()) == 1) {
      for (const std::string& text : std::exchange(waiting_, {})) {
        SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()));
      }
      char room[4096];
      for (int n; (n = SSL_read(ssl_.get(), room, sizeof(room))) > 0;) received_.append(room, static_cast<size_t>(n));
    }
    unsigned long error = ERR_peek_last_error();
    if (ERR_GET_REASON(error) > SSL_AD_REASON_OFFSET) alert_ = ERR_GET_REASON(error) - SSL_AD_REASON_OFFSET;
    char room[16384];
    for (int n; (n = BIO_read(out_, room, sizeof(room))) > 0;) {
      (void)below_->write(Buffer(loop_.blocks(), std::string_view(room, static_cast<size_t>(n))));
    }
  }
  Loop& loop_;
  SslPtr ssl_;
  BIO* in_;
  BIO* out_;
  Transport* below_ = nullptr;
  std::vector<std::string> waiting_;
  std::string received_;
  int alert_ = 0;
  bool closed_ = false;
};

class TlsRig : public testing::Test {
 public:
  static constexpr std::string_view kServerId = "spiffe://cluster.local/ns/a/sa/server";
  static constexpr std::string_view kClientId = "spiffe://cluster.local/ns/a/sa/client";

 protected:
  static std::shared_ptr<const TlsIdentity> identity(const Svid& svid, const TrustBundle& bundle) {
    auto made = TlsIdentity::create({std::make_shared<const Svid>(svid), std::make_shared<const TrustBundle>(bundle)});
    if (!made) std::abort();
    return *made;
  }
  TlsSetup setup_of(std::shared_ptr<const TlsContext> context) {
    TlsSetup setup;
    setup.context = std::move(context);
    return setup;
  }
  TlsSetup client_setup() { return setup_of(client_identity->client); }
  TlsSetup server_setup() { return setup_of(server_identity->server); }
  std::unique_ptr<Transport> over(std::unique_ptr<Transport> below, TlsRole role, TlsSetup setup) {
    (role == TlsRole::kClient ? below_client : below_server) = below.get();
    return make_tls_transport(loop, std::move(below), std::move(setup));
  }
  void make() { make(client_setup(), server_setup()); }
  void make(TlsSetup for_client, TlsSetup for_server) {
    auto [a, b] = make_memory_pair(loop);
    client = over(std::move(a), TlsRole::kClient, std::move(for_client));
    server = over(std::move(b), TlsRole::kServer, std::move(for_server));
    client->observe(&at_client);
    server->observe(&at_server);
  }
  void connect() {
    make();
    run_until([this] { return at_client.saw("connected") && at_server.saw("connected"); });
  }
  // For a RawTlsPeer: OpenSSL's defaults (tickets and all) with the client's certificate; believes every server.
  SslContextPtr raw_context() {
    SslContextPtr context(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_use_certificate(context.get(), client_identity->svid->chain.front().get());
    SSL_CTX_use_PrivateKey(context.get(), client_identity->svid->key->raw());
    return context;
  }
  // A server of ours and this client; what is returned carries the client's bytes.
  std::unique_ptr<Transport> serve(RawTlsPeer& raw, TlsSetup setup) {
    auto [a, b] = make_memory_pair(loop);
    server = over(std::move(b), TlsRole::kServer, std::move(setup));
    server->observe(&at_server);
    std::unique_ptr<Transport> far = std::move(a);
    raw.start(*far);
    return far;
  }
  void run_until(UniqueFunction<bool()> done) {
    ASSERT_TRUE(runs_until(loop, done)) << "nothing happened for a minute";
  }
  void settle() { run_turns(loop); }
  Buffer bytes(std::string_view text) { return Buffer(loop.blocks(), text); }

  Loop loop;
  TestCa ca{"cluster.local"};
  std::shared_ptr<const TlsIdentity> client_identity = identity(ca.issue(kClientId), ca.bundle());
  std::shared_ptr<const TlsIdentity> server_identity = identity(ca.issue(kServerId), ca.bundle());
  RecordingObserver at_client, at_server, wire;
  std::unique_ptr<Transport> client, server;
  Transport* below_client = nullptr;
  Transport* below_server = nullptr;
};
}  // namespace heddle
