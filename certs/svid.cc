#include "certs/svid.h"

#include "certs/chain_links.h"
#include "certs/limits.h"
#include "certs/pem.h"
#include "certs/verify.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
Error bad(std::string detail) { return make_error(Reason::kConfigInvalid, std::move(detail)); }

Result<PeerCertificate> parse_leaf(const X509* certificate) {
  auto leaf = PeerCertificate::from_x509(certificate);
  if (!leaf) return bad(str_cat("SVID: ", leaf.error().detail));
  if (auto broken = broken_leaf_rule(*leaf)) return bad(str_cat("SVID: ", *broken));
  return leaf;
}
}  // namespace

Result<Svid> Svid::from_chain(CertChain chain, std::shared_ptr<const PrivateKey> key) {
  if (chain.empty()) return bad("SVID: no certificate");
  if (chain.size() > kMaxChainLength) return make_error(Reason::kTooLarge, "SVID: more than 4 certificates");
  HEDDLE_TRY(auto leaf, parse_leaf(chain.front().get()));
  if (auto linked = check_links(chain); !linked) return std::move(linked).error().within("SVID");
  if (EVP_PKEY_eq(X509_get0_pubkey(chain.front().get()), key->raw()) != 1) {
    ERR_clear_error();
    return bad("SVID: the private key is not the certificate's");
  }
  return Svid{*leaf.spiffe_id(), std::move(chain), std::move(key),
              leaf.not_before(), leaf.not_after(), leaf.not_before()};
}

Result<Svid> Svid::from_pem(std::string_view chain_pem, std::shared_ptr<const PrivateKey> key, WallTime issued_at) {
  auto chain = parse_certificates(chain_pem, {kMaxChainPem, kMaxChainLength});
  if (!chain) return std::move(chain).error().within("SVID");
  HEDDLE_TRY(auto svid, from_chain(*std::move(chain), std::move(key)));
  svid.issued_at = issued_at;
  return svid;
}

Result<Svid> Svid::from_pem(std::string_view chain_pem, std::string_view key_pem) {
  auto key = PrivateKey::from_pem(key_pem);
  if (!key) return std::move(key).error().within("SVID");
  HEDDLE_TRY(auto svid, from_pem(chain_pem, *std::move(key), WallTime()));
  svid.issued_at = svid.not_before;
  return svid;
}

std::string Svid::chain_pem() const { return to_pem(chain); }
}  // namespace heddle
