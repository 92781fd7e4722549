#include "tests/support/fake_control.h"

#include "certs/jwks.h"
#include "certs/peer_certificate.h"
#include "lib/base/json.h"
#include "lib/base/strings.h"
#include "lib/tls/tls_transport.h"

namespace heddle {
namespace {
std::string id_of_peer(const RpcRequest& r) {
  return r.peer_certificate == nullptr ? "nobody" : r.peer_certificate->spiffe_id()->text();
}
}  // namespace

void end_connections(Loop& loop, ConnectionRegistry& registry) {
  registry.abort_all(make_error(Reason::kDraining, "the test is over"));
  loop.run_until([&] { return registry.size() == 0; });
}

class FakeControl::Watcher final : public LineObserver {
 public:
  Watcher(FakeControl& control, LineSender& sender) : control_(control), sender_(sender) { control_.stream_ = &sender; }
  void on_line(std::string_view line) override { control_.heard.push_back(*decode_sidecar_message(line)); }
  void on_closed(const Error&) override {
    if (control_.stream_ == &sender_) control_.stream_ = nullptr;
  }

 private:
  FakeControl& control_;
  LineSender& sender_;
};

FakeControl::FakeControl(Loop& loop, std::string_view id) : loop_(loop) {
  auto domain = *TrustDomain::parse("cluster.local");
  auto own_id = *SpiffeId::parse(id);
  authority_ = *CertificateAuthority::create_root(domain, 1h, loop.wall());
  auto key = *PrivateKey::generate();
  auto signed_svid = *authority_->sign(*Csr::create(*key, own_id), own_id, 1h, loop.wall());
  auto svid = *Svid::from_pem(signed_svid.chain_pem, key, signed_svid.issued_at);
  TlsMaterial material{std::make_shared<const Svid>(svid), bundle()};
  context_ = *TlsContext::create(material, {TlsRole::kServer, PeerCertificatePolicy::kOptional, {"h2"}});
  add_routes();
  listener_ = *Listener::listen(loop_, {Address::loopback(0)}, cap_, [this](std::unique_ptr<Transport> accepted) {
    TlsSetup setup;
    setup.context = context_;
    server_.serve(make_tls_transport(loop_, std::move(accepted), std::move(setup)));
  });
  listener_->start();
}

FakeControl::~FakeControl() {
  listener_->stop_accepting();
  end_connections(loop_, registry_);
}

std::shared_ptr<const TrustBundle> FakeControl::bundle() const {
  auto bundle = std::make_shared<TrustBundle>();
  bundle->replace(authority_->roots());
  return bundle;
}

void FakeControl::say(const ControlMessage& message) {
  HEDDLE_CHECK(stream_ != nullptr);
  std::string line = encode(message);
  line.pop_back();
  static_cast<void>(stream_->send(line));
}

void FakeControl::add_routes() {
  server_.route("POST", "/v1/attest", [this](const RpcRequest& r, HttpServer::Respond respond) {
    attested.push_back(r.body);
    bool good = r.body.find("good-token") != std::string::npos;
    respond(good ? answer(r) : RpcResponse::error(make_error(Reason::kUnauthenticated, "not accepted")));
  });
  server_.route("POST", "/v1/renew", [this](const RpcRequest& r, HttpServer::Respond respond) {
    renewed_by.push_back(id_of_peer(r));
    respond(answer(r));
  });
  server_.stream("/v1/watch", [this](const RpcRequest& r, LineSender& sender) -> Result<std::unique_ptr<LineObserver>> {
    watched_by.push_back(id_of_peer(r));
    return std::unique_ptr<LineObserver>(std::make_unique<Watcher>(*this, sender));
  });
}

RpcResponse FakeControl::answer(const RpcRequest& r) {
  auto csr = *Csr::parse_pem(*JsonValue::parse(r.body)->find("csr")->as_string());
  auto out = *authority_->sign(csr, csr.id(), 60s, loop_.wall());
  std::string body;
  JsonWriter writer(body);
  writer.begin_object().field("chain", out.chain_pem).field("serial", out.serial);
  writer.field("issuedAt", format_time(out.issued_at - issued_ago)).field("notAfter", format_time(out.not_after));
  writer.key("bundle").raw(*to_jwks(*authority_->roots())).end_object();
  return RpcResponse::json(200, std::move(body));
}
}  // namespace heddle
