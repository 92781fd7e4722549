#include "lib/tls/web_client.h"

#include "certs/limits.h"
#include "certs/pem.h"
#include "lib/base/address.h"

namespace heddle {
namespace {
// What such servers call a client certificate: any that their CA vouches for, without a SPIFFE id.
Result<std::shared_ptr<const WebCertificate>> load_certificate(const WebClientPem& pem) {
  auto key = PrivateKey::from_pem(pem.key.text);
  if (!key) return std::move(key).error().within(pem.key.origin);
  auto chain = parse_certificates(pem.certificate.text, {kMaxChainPem, kMaxChainLength});
  if (!chain) return std::move(chain).error().within(pem.certificate.origin);
  return std::make_shared<const WebCertificate>(WebCertificate{*std::move(chain), *std::move(key), {}, {}, {}});
}
}  // namespace

Result<TlsSetup> web_client_setup(const WebClientPem& pem, const std::string& host, Duration handshake) {
  auto roots = WebRoots::parse(pem.ca.text);
  if (!roots) return std::move(roots).error().within(pem.ca.origin);
  TlsContext::Options options{
      TlsRole::kClient, PeerCertificatePolicy::kRequired, {std::string(alpn::kHttp2), std::string(alpn::kHttp1)}};
  options.web_server = WebServer{*std::move(roots), host};
  TlsMaterial material{nullptr, std::make_shared<const TrustBundle>(), {}};
  if (!pem.certificate.text.empty()) {
    HEDDLE_TRY(material.web, load_certificate(pem));
  }
  TlsSetup setup;
  HEDDLE_TRY(setup.context, TlsContext::create(material, std::move(options)));
  if (!Address::from_ip(host, 0)) setup.server_name = host;
  setup.handshake = handshake;
  return setup;
}
}  // namespace heddle
