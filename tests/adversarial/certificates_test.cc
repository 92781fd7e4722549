// Certificates of peers (data/certificates.cases): each is judged by the verifier, shown by a client to a strict
// inbound listener, and by a server to an outbound proxy that calls it. Requests for certificates: read and signed, and
// what is issued holds what the authority decides and nothing that was asked for.
#include <gtest/gtest.h>

#include <mutex>

#include "certs/authority.h"
#include "certs/pem.h"
#include "certs/verify.h"
#include "tests/adversarial/certificate_request.h"
#include "tests/adversarial/cost_bound.h"
#include "tests/adversarial/recorder.h"
#include "tests/adversarial/tls_client.h"
#include "tests/adversarial/verdict.h"
#include "tests/adversarial/whole_openssl.h"
#include "tests/support/h2_origin.h"
#include "tests/support/mesh_fixture.h"

namespace heddle::adversarial {
namespace {
constexpr std::string_view kPeer = "spiffe://td.test/ns/a/sa/b";

WallTime wall_now() {
  return WallTime{std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch())};
}

WallTime whole_seconds(WallTime time) { return WallTime(std::chrono::floor<std::chrono::seconds>(time.since_epoch())); }

// A sidecar by hand: shows what it is told to, answers one request on a connection (HTTP/2, as sidecars speak it) and
// leaves.
class ShowingServer {
 public:
  ShowingServer() : origin_([this](BlockingClient& peer, int, std::atomic<int>&) { serve(peer); }) {}
  const Address& address() const { return origin_.address(); }
  void show(const ShownCertificates& shown) {
    std::lock_guard lock(mutex_);
    shown_ = shown;
  }

 private:
  // NOLINTNEXTLINE(readability-function-size): OpenSSL's parameters
  static int choose(SSL*, const unsigned char** out, unsigned char* size, const unsigned char*, unsigned, void*) {
    static constexpr unsigned char kHttp2[] = "h2";
    *out = kHttp2;
    *size = sizeof(kHttp2) - 1;
    return SSL_TLSEXT_ERR_OK;
  }
  static std::string read_exactly(SSL* ssl, size_t size) {
    std::string out(size, '\0');
    size_t got = 0;
    for (size_t n = 0; got < size && SSL_read_ex(ssl, out.data() + got, size - got, &n) == 1;) got += n;
    out.resize(got);
    return out;
  }
  // The stream of the first request; 0 when none comes.
  static uint32_t asked_on(SSL* ssl) {
    read_exactly(ssl, h2::kPreface.size());
    for (std::string head; (head = read_exactly(ssl, 9)).size() == 9;) {
      read_exactly(ssl, h2::read_u32(head) >> 8);
      if (head[3] == h2::kHeaders) return h2::read_u32(std::string_view(head).substr(5));
    }
    return 0;
  }
  static void answer(SSL* ssl) {
    uint32_t stream = asked_on(ssl);
    if (stream == 0) return;
    std::string bytes = h2::settings({}) + h2::frame(h2::kSettings, h2::kAck, 0) +
                        h2::frame(h2::kGoAway, 0, 0, h2::u32(stream) + h2::u32(0)) + h2_empty_answer(stream);
    SSL_write(ssl, bytes.data(), static_cast<int>(bytes.size()));
    while (!read_exactly(ssl, 1).empty()) continue;  // until it leaves
  }
  void serve(BlockingClient& peer) {
    ShownCertificates shown = [this] {
      std::lock_guard lock(mutex_);
      return shown_;
    }();
    SslContextPtr context(SSL_CTX_new_ex(whole_openssl(), nullptr, TLS_server_method()));
    SSL_CTX_set_alpn_select_cb(context.get(), choose, nullptr);
    if (!load(context.get(), shown)) return;
    SslPtr ssl(SSL_new(context.get()));
    SSL_set_fd(ssl.get(), peer.fd());
    if (SSL_accept(ssl.get()) == 1) answer(ssl.get());
    SSL_shutdown(ssl.get());
    ERR_clear_error();
  }

  std::mutex mutex_;
  ShownCertificates shown_;
  RawOrigin origin_;  // last: its threads use the others
};

// One sidecar that is called, one that calls.
struct Doors {
  Doors()
      : inbound(in_td(inbound_settings(recorder.address(), InboundTls::kStrict, PortProtocol::kHttp))),
        outbound(in_td(outbound_settings(PortProtocol::kHttp))) {
    const TestCa& td = script.authority("td");
    inbound.publish(identity_of(td.issue("spiffe://td.test/ns/a/sa/server"), script.bundle()));
    outbound.publish(identity_of(td.issue("spiffe://td.test/ns/a/sa/client"), script.bundle()));
    outbound.publish(hello_snapshot({server.address()}, kPeer));
    HEDDLE_CHECK(inbound.start() && outbound.start());
  }
  static Settings in_td(Settings settings) {
    settings.trust_domain = *TrustDomain::parse("td.test");
    return settings;
  }
  CertificateScript script;
  Recorder recorder;
  ShowingServer server;
  Sidecar inbound;
  Sidecar outbound;
};

class Certificates : public testing::TestWithParam<Case> {
 public:
  static void SetUpTestSuite() { doors_ = std::make_unique<Doors>(); }
  static void TearDownTestSuite() { doors_.reset(); }

 protected:
  void play();
  bool accepted() const { return expected_.first() == "accepted"; }
  // A good certificate may still be of somebody who is not wanted.
  bool admitted() const { return accepted() && expected_.get("doors").empty(); }
  // One of another trust domain that we believe: the handshake is good, authorization is not.
  bool denied() const { return expected_.get("doors") == "denied"; }
  void check_verdict(const ShownCertificates& shown) {
    auto verdict = verify_peer(shown.chain, doors_->script.bundle(), wall_now());
    EXPECT_EQ(verdict.has_value(), accepted()) << (verdict ? "it was accepted" : verdict.error().detail);
    if (verdict) {
      EXPECT_EQ(expected_.get("id", kPeer), verdict->peer->spiffe_id()->text());
      return;
    }
    EXPECT_EQ(unsaid(expected_, verdict.error().detail), "");
    std::string_view reason = info(verdict.error().reason).name;
    EXPECT_EQ(expected_.get("reason", "peer-certificate-invalid"), reason);
  }
  // To the strict listener, as its client.
  void show_to_inbound(const ShownCertificates& shown) {
    doors_->recorder.clear();
    TlsClient client(doors_->inbound.address(), shown, "http/1.1");
    client.send("GET /shown HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    std::string answer = client.read_all();
    EXPECT_TRUE(client.ended());
    EXPECT_EQ(answer.starts_with("HTTP/1.1 200 "), admitted()) << answer;
    EXPECT_EQ(doors_->recorder.requests().size(), admitted() ? 1U : 0U);
    if (denied()) {
      EXPECT_TRUE(answer.starts_with("HTTP/1.1 403 ")) << answer;
      EXPECT_EQ(client.alert(), 0);
    } else if (!admitted()) {
      check_alert(client.alert());
    }
  }
  void check_alert(int alert) {
    std::string wanted = expected_.get("alert");
    if (wanted.empty()) {
      EXPECT_NE(alert, 0) << "the connection ended without an alert";
    } else {
      EXPECT_TRUE(is_one_of(std::to_string(alert), wanted)) << "alert " << alert << ", expected " << wanted;
    }
  }
  // To the outbound sidecar, as the server it calls.
  void show_to_outbound(const ShownCertificates& shown) {
    doors_->server.show(shown);
    std::string answer = BlockingClient(doors_->outbound.address()).get("/shown");
    EXPECT_EQ(answer.starts_with("HTTP/1.1 200 "), admitted()) << answer;
    if (!admitted()) {
      EXPECT_TRUE(answer.starts_with("HTTP/1.1 50")) << answer;
      EXPECT_NE(answer.find("heddle-reason: "), std::string::npos) << answer;
    }
  }
  static void serve_the_good() {
    ShownCertificates good = doors_->script.play("me");
    TlsClient client(doors_->inbound.address(), good, "http/1.1");
    client.send("GET /good HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(client.read_all().starts_with("HTTP/1.1 200 ")) << "a good client after the case";
    doors_->server.show(good);
    std::string answer = BlockingClient(doors_->outbound.address()).get("/good");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << "a good server after the case: " << answer;
  }

  static inline std::unique_ptr<Doors> doors_;
  Expected expected_{GetParam()};
};

void Certificates::play() {
  ShownCertificates shown = doors_->script.play(GetParam().input);

  check_verdict(shown);
  if (!expected_.has("judge-only")) {
    show_to_inbound(shown);
    show_to_outbound(shown);
    serve_the_good();
  }
}

TEST_P(Certificates, ArePeersOnlyByTheRules) {
  count_case(str_cat(GetParam().id.substr(0, GetParam().id.find('-')), " (certificates)"));
  play();
}

INSTANTIATE_TEST_SUITE_P(Cases, Certificates, testing::ValuesIn(load_cases("certificates.cases")), name_of);

class Requests : public testing::TestWithParam<Case> {
 protected:
  static CertificateAuthority::Ptr authority() {
    static const CertificateAuthority::Ptr made =
        *CertificateAuthority::create_root(*TrustDomain::parse("td.test"), 24h, wall_now());
    return made;
  }
  Result<SignedSvid> ask(const std::string& text, bool is_pem, WallTime now) {
    auto request = bounded(text.size(), [&] { return is_pem ? Csr::parse_pem(text) : Csr::parse_der(text); });
    if (!request) return std::move(request).error();
    SpiffeId caller = *SpiffeId::parse(expected_.get("caller", kPeer));
    return authority()->sign(*request, caller, 1h, now);
  }
  // X509-SVID §2-§4 and the catalogue's CP-015, field by field.
  void check_issued(const SignedSvid& issued, WallTime now) {
    X509Shared leaf = parse_certificates(issued.chain_pem, {64 * 1024, 4})->front();
    auto peer = *PeerCertificate::from_x509(leaf.get());
    EXPECT_EQ(broken_leaf_rule(peer), std::nullopt);
    EXPECT_EQ(peer.uri_sans(), std::vector<std::string>{std::string(kPeer)});
    EXPECT_TRUE(peer.names().dns.empty() && peer.names().ips.empty());
    EXPECT_EQ(peer.subject(), "");
    EXPECT_TRUE(peer.names().critical);
    EXPECT_EQ(peer.not_before(), whole_seconds(now - 60s));
    EXPECT_EQ(peer.not_after(), whole_seconds(now + 1h));
    EXPECT_GE(peer.serial().size(), 16U);
    EXPECT_EQ(peer.key_usage().has(KeyUse::kKeyAgreement), false);
    // Constraints, usage, extended usage, names and two key identifiers: nothing else got in.
    EXPECT_EQ(X509_get_ext_count(leaf.get()), 6);
    EXPECT_LT(X509_get_ext_by_NID(leaf.get(), NID_name_constraints, -1), 0);
    EXPECT_TRUE(verify_peer({leaf}, bundle(), now));
  }
  static TrustBundle bundle() {
    TrustBundle out;
    out.replace(authority()->roots());
    return out;
  }
  Expected expected_{GetParam()};
};

TEST_P(Requests, GetWhatTheAuthorityDecides) {
  count_case(str_cat(GetParam().id.substr(0, GetParam().id.find('-')), " (requests)"));
  static CertificateScript keys;
  RequestBytes request = request_of(keys, GetParam().input);

  for (const std::string& text : request.texts) {
    WallTime now = wall_now();
    auto issued = ask(text, request.is_pem, now);

    ASSERT_EQ(issued.has_value(), expected_.first() == "issued") << (issued ? "" : issued.error().detail);
    if (issued) {
      check_issued(*issued, now);
    } else {
      EXPECT_EQ(unsaid(expected_, issued.error().detail), "");
      EXPECT_EQ(expected_.get("reason", "bad-request"), info(issued.error().reason).name);
      EXPECT_LT(issued.error().detail.size(), 1000U) << "the message holds the input";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, Requests, testing::ValuesIn(load_cases("requests.cases")), name_of);
}  // namespace
}  // namespace heddle::adversarial
