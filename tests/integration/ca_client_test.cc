// The signing client against a real HttpServer over TLS on loopback: sockets, TLS, HTTP/2 and rpc together.
#include "proxy/identity/ca_client.h"

#include <gtest/gtest.h>

#include "certs/authority.h"
#include "certs/jwks.h"
#include "lib/base/json.h"
#include "lib/base/strings.h"
#include "lib/event/loop.h"
#include "lib/net/listener.h"
#include "lib/rpc/http_server.h"
#include "lib/tls/tls_transport.h"
#include "tests/support/test_ca.h"

namespace heddle {
namespace {
constexpr std::string_view kControlId = "spiffe://cluster.local/ns/heddle-system/sa/heddle-control";
constexpr std::string_view kWorkloadId = "spiffe://cluster.local/ns/default/sa/hello";

SpiffeId id_of(std::string_view text) { return *SpiffeId::parse(text); }

std::string json_of(std::initializer_list<std::pair<std::string_view, std::string>> fields, std::string_view bundle) {
  std::string body;
  JsonWriter writer(body);
  writer.begin_object();
  for (const auto& [name, value] : fields) writer.field(name, value);
  writer.key("bundle").raw(bundle);
  writer.end_object();
  return body;
}

// A control plane as far as signing goes.
class FakeSigner {
 public:
  FakeSigner(Loop& loop, std::string_view id) : loop_(loop) {
    auto domain = *TrustDomain::parse("cluster.local");
    authority_ = *CertificateAuthority::create_root(domain, 1h, loop.wall());
    auto key = *PrivateKey::generate();
    auto signed_svid = *authority_->sign(*Csr::create(*key, id_of(id)), id_of(id), 1h, loop.wall());
    auto svid = *Svid::from_pem(signed_svid.chain_pem, key, signed_svid.issued_at);
    TlsMaterial material{std::make_shared<const Svid>(svid), bundle()};
    context_ = *TlsContext::create(material, {TlsRole::kServer, PeerCertificatePolicy::kOptional, {"h2"}});
    server_.route("POST", "/v1/attest", [this](const RpcRequest& r, HttpServer::Respond respond) {
      attested.push_back(r.body);
      respond(r.body.find("good-token") == std::string::npos ? refusal() : answer(r));
    });
    server_.route("POST", "/v1/renew", [this](const RpcRequest& r, HttpServer::Respond respond) {
      renewed_by.push_back(r.peer_certificate == nullptr ? "nobody" : r.peer_certificate->spiffe_id()->text());
      respond(answer(r));
    });
    listener_ = *Listener::listen(loop_, {Address::loopback(0)}, cap_, [this](std::unique_ptr<Transport> t) {
      TlsSetup setup;
      setup.context = context_;
      server_.serve(make_tls_transport(loop_, std::move(t), std::move(setup)));
    });
    listener_->start();
  }
  ~FakeSigner() {
    listener_->stop_accepting();
    registry_.abort_all(make_error(Reason::kDraining, "the test is over"));
    loop_.run_until([this] { return registry_.size() == 0; });
  }

  const Address& address() const { return listener_->address(); }
  std::shared_ptr<const TrustBundle> bundle() const {
    auto bundle = std::make_shared<TrustBundle>();
    bundle->replace(authority_->roots());
    return bundle;
  }

  std::vector<std::string> attested;
  std::vector<std::string> renewed_by;

 private:
  static RpcResponse refusal() { return RpcResponse::error(make_error(Reason::kUnauthenticated, "not accepted")); }
  RpcResponse answer(const RpcRequest& r) {
    auto body = *JsonValue::parse(r.body);
    auto csr = *Csr::parse_pem(*body.find("csr")->as_string());
    auto out = *authority_->sign(csr, csr.id(), 10s, loop_.wall());
    return RpcResponse::json(200, json_of({{"chain", out.chain_pem},
                                           {"serial", out.serial},
                                           {"issuedAt", format_time(out.issued_at)},
                                           {"notAfter", format_time(out.not_after)}},
                                          *to_jwks(*authority_->roots())));
  }

  Loop& loop_;
  ConnectionRegistry registry_;
  Protocols protocols_{loop_, HttpLimits{}};
  CertificateAuthority::Ptr authority_;
  std::shared_ptr<const TlsContext> context_;
  ConnectionCap cap_{100};
  HttpServer server_{{loop_, registry_}, protocols_, {}};
  std::unique_ptr<Listener> listener_;
};

class CaClientTest : public testing::Test {
 protected:
  ~CaClientTest() override {
    registry_.abort_all(make_error(Reason::kDraining, "the test is over"));
    loop_.run_until([this] { return registry_.size() == 0; });
  }
  HttpCaClient client(std::vector<Address> addresses) {
    return HttpCaClient({loop_, registry_}, protocols_, tcp_, {std::move(addresses), id_of(kControlId)});
  }
  CaRequest attestation(std::string_view token) {
    return {Csr::create(*key_, id_of(kWorkloadId))->to_pem(), Secret(token), {nullptr, control_.bundle()}};
  }
  Result<CaAnswer> sign(CaClient& client, CaRequest request) {
    std::optional<Result<CaAnswer>> got;
    Pending token = client.sign(std::move(request), [&](Result<CaAnswer> answer) { got = std::move(answer); });
    loop_.run_until([&] { return got.has_value(); });
    return std::move(*got);
  }

  Loop loop_;
  ConnectionRegistry registry_;
  Protocols protocols_{loop_, HttpLimits{}};
  TcpConnector tcp_{loop_};
  FakeSigner control_{loop_, kControlId};
  std::shared_ptr<const PrivateKey> key_ = *PrivateKey::generate();
};

TEST_F(CaClientTest, GetsACertificateForAToken) {
  HttpCaClient ca = client({control_.address()});

  auto answer = sign(ca, attestation("good-token"));

  ASSERT_TRUE(answer) << answer.error().text();
  auto svid = Svid::from_pem(answer->chain_pem, key_, answer->issued_at);
  ASSERT_TRUE(svid) << svid.error().text();
  EXPECT_EQ(svid->id.text(), kWorkloadId);
  EXPECT_EQ(answer->roots->pins(), control_.bundle()->find("cluster.local")->pins());
}

TEST_F(CaClientTest, ShowsItsCertificateToRenew) {
  HttpCaClient ca = client({control_.address()});
  auto first = sign(ca, attestation("good-token"));
  ASSERT_TRUE(first) << first.error().text();
  CaRequest again = attestation("");
  again.material.svid = std::make_shared<const Svid>(*Svid::from_pem(first->chain_pem, key_, first->issued_at));

  auto answer = sign(ca, std::move(again));

  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(control_.renewed_by, std::vector<std::string>{std::string(kWorkloadId)});
}

TEST_F(CaClientTest, TellsTheControlPlanesRefusal) {
  HttpCaClient ca = client({control_.address()});

  auto answer = sign(ca, attestation("bad-token"));

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, Reason::kUnauthenticated);
}

TEST_F(CaClientTest, NeverSendsATokenToAnybodyElse) {
  FakeSigner other(loop_, "spiffe://cluster.local/ns/default/sa/thief");
  HttpCaClient ca = client({other.address()});
  CaRequest request = attestation("good-token");
  request.material.bundle = other.bundle();

  auto answer = sign(ca, std::move(request));

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, Reason::kUpstreamIdentityUnexpected);
  EXPECT_TRUE(other.attested.empty());
}

TEST_F(CaClientTest, AsksTheNextAddressWhenOneIsAway) {
  HttpCaClient ca = client({Address::loopback(1), control_.address()});

  auto answer = sign(ca, attestation("good-token"));

  ASSERT_TRUE(answer) << answer.error().text();
}

TEST_F(CaClientTest, IsSilentOnceItsTokenIsGone) {
  HttpCaClient ca = client({control_.address()});
  bool answered = false;
  Pending token = ca.sign(attestation("good-token"), [&](Result<CaAnswer>) { answered = true; });

  loop_.run_until([&] { return !control_.attested.empty(); });
  token.reset();
  auto other = sign(ca, attestation("good-token"));

  EXPECT_TRUE(other);
  EXPECT_FALSE(answered);
}
}  // namespace
}  // namespace heddle
