#include "certs/web_certificate.h"

#include "certs/chain_links.h"
#include "certs/limits.h"
#include "certs/peer_certificate.h"
#include "certs/pem.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
Error bad(std::string detail) { return make_error(Reason::kConfigInvalid, std::move(detail)); }

Result<void> check_leaf(const PeerCertificate& leaf) {
  if (leaf.is_ca()) return bad("the first certificate is an authority's (CA:TRUE), expected a server's");
  if (leaf.names().dns.empty() && leaf.names().ips.empty()) {
    return bad("the first certificate has no DNS name and no IP address among its subject alternative names");
  }
  const auto& uses = leaf.extended_key_usage();
  if (uses && !uses->has(ExtendedKeyUse::kServerAuth)) {
    return bad("the first certificate is not for servers: extendedKeyUsage is without serverAuth");
  }
  return {};
}
}  // namespace

Result<WebCertificate> WebCertificate::from_pem(std::string_view chain_pem, std::shared_ptr<const PrivateKey> key) {
  HEDDLE_TRY(CertChain chain, parse_certificates(chain_pem, {kMaxChainPem, kMaxChainLength}));
  auto leaf = PeerCertificate::from_x509(chain.front().get());
  if (!leaf) return bad(leaf.error().detail);
  HEDDLE_CHECK_OK(check_leaf(*leaf));
  HEDDLE_CHECK_OK(check_links(chain));
  if (EVP_PKEY_eq(X509_get0_pubkey(chain.front().get()), key->raw()) != 1) {
    ERR_clear_error();
    return bad("the private key is not the first certificate's");
  }
  return WebCertificate{std::move(chain), std::move(key), leaf->names(), leaf->not_before(), leaf->not_after()};
}

Result<void> WebCertificate::check_time(WallTime now) const {
  if (now < not_before) return bad(str_cat("the certificate is not valid before ", format_time(not_before)));
  if (now >= not_after) return bad(str_cat("the certificate has expired at ", format_time(not_after)));
  return {};
}
}  // namespace heddle
