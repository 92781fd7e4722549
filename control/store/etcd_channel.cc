#include "control/store/etcd_channel.h"

#include "certs/limits.h"
#include "certs/pem.h"
#include "control/store/etcd_messages.h"
#include "lib/base/file.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
Result<std::string> read(const std::string& path, size_t max) {
  Result<std::string> text = read_file(path, max);
  if (!text) return std::move(text).error().within(path);
  return text;
}

// What etcd calls a client certificate: any that its --trusted-ca-file vouches for, without a SPIFFE id.
Result<std::shared_ptr<const WebCertificate>> load_certificate(const EtcdOptions& options) {
  HEDDLE_TRY(std::string chain_pem, read(options.cert_file, kMaxChainPem));
  HEDDLE_TRY(std::string key_pem, read(options.key_file, kMaxChainPem));
  auto key = PrivateKey::from_pem(key_pem);
  if (!key) return std::move(key).error().within(options.key_file);
  auto chain = parse_certificates(chain_pem, {kMaxChainPem, kMaxChainLength});
  if (!chain) return std::move(chain).error().within(options.cert_file);
  return std::make_shared<const WebCertificate>(WebCertificate{*std::move(chain), *std::move(key), {}, {}, {}});
}
}  // namespace

EtcdChannel::EtcdChannel(const SessionContext& context, Protocols& protocols, Connector& below, NameLookup& names,
                         const EtcdOptions& options, EtcdEndpoint endpoint)
    : context_(context),
      protocols_(protocols),
      below_(below),
      names_(names),
      options_(options),
      endpoint_(std::move(endpoint)),
      tls_(context.loop, below, [this] { return tls_setup(); }) {
  Result<Address> ip = Address::from_ip(endpoint_.host, endpoint_.port);
  is_ip_ = ip.has_value();
  if (ip) use(*ip);
}

void EtcdChannel::use(Address address) {
  HttpClientOptions options;
  options.scheme = endpoint_.is_tls ? "https" : "http";
  options.authority = endpoint_.authority();
  options.connect = options_.connect;
  options.max_body = kMaxEtcdAnswer;
  Connector& connector = endpoint_.is_tls ? static_cast<Connector&>(tls_) : below_;
  client_ = std::make_shared<HttpClient>(context_, protocols_, connector, std::move(address), std::move(options));
}

Pending EtcdChannel::resolve(OnReady done) {
  if (names_.is_full()) {
    auto timer = context_.loop.timer([done = std::move(done)]() mutable {
      done(make_error(Reason::kRateLimited, "other names are being looked up"));
    });
    timer->arm(Duration(0));
    struct Waiting final : Operation {
      explicit Waiting(std::unique_ptr<Timer> t) : timer(std::move(t)) {}
      std::unique_ptr<Timer> timer;
    };
    return std::make_unique<Waiting>(std::move(timer));
  }
  return names_.find(endpoint_.host, endpoint_.port,
                     [this, done = std::move(done)](Result<std::vector<Address>> found) mutable {
                       if (!found) return done(std::move(found).error());
                       use(found->front());
                       done(client_);
                     });
}

void EtcdChannel::forget_address() {
  if (!is_ip_) client_ = nullptr;
}

Result<TlsSetup> EtcdChannel::tls_setup() const {
  HEDDLE_TRY(std::string pem, read(options_.ca_file, kMaxCaFile));
  auto roots = WebRoots::parse(pem);
  if (!roots) return std::move(roots).error().within(options_.ca_file);
  TlsContext::Options options{
      TlsRole::kClient, PeerCertificatePolicy::kRequired, {std::string(alpn::kHttp2), std::string(alpn::kHttp1)}};
  options.web_server = WebServer{*std::move(roots), endpoint_.host};
  TlsMaterial material{nullptr, std::make_shared<const TrustBundle>(), {}};
  if (!options_.cert_file.empty()) {
    HEDDLE_TRY(material.web, load_certificate(options_));
  }
  TlsSetup setup;
  HEDDLE_TRY(setup.context, TlsContext::create(material, std::move(options)));
  if (!is_ip_) setup.server_name = endpoint_.host;
  setup.handshake = options_.connect;
  return setup;
}
}  // namespace heddle
