#include "certs/issued_authority.h"

#include <algorithm>

#include "certs/chain_links.h"
#include "certs/pem.h"
#include "certs/verify.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
Error bad(std::string detail) { return make_error(Reason::kConfigInvalid, std::move(detail)); }

bool is_one_of(const DomainRoots& roots, const X509* certificate) {
  const auto& pins = roots.pins();
  return std::find(pins.begin(), pins.end(), fingerprint_of(certificate)) != pins.end();
}

// Absent means any use. OpenSSL does not look at it on the way up; other verifiers do.
std::optional<std::string> broken_extended_usage(X509* certificate) {
  uint32_t usage = X509_get_extended_key_usage(certificate);
  ERR_clear_error();
  if (usage == UINT32_MAX || (usage & XKU_ANYEKU) != 0) return std::nullopt;
  if ((usage & XKU_SSL_SERVER) != 0 && (usage & XKU_SSL_CLIENT) != 0) return std::nullopt;
  return "extendedKeyUsage allows not both of serverAuth and clientAuth, which SVIDs need (X509-SVID 4.4)";
}

std::optional<std::string> broken_signing_rule(const PeerCertificate& certificate) {
  if (!certificate.is_ca()) return "is not a CA: basicConstraints must say CA:TRUE (RFC 5280 4.2.1.9)";
  if (!certificate.key_usage().has(KeyUse::kKeyCertSign)) {
    return "may not sign certificates: keyUsage must have keyCertSign (RFC 5280 4.2.1.3)";
  }
  return std::nullopt;
}

// Without it nothing can name its issuer by key, as peers' strict validation wants.
std::optional<std::string> broken_identifier(const X509* certificate) {
  if (X509_get0_subject_key_id(const_cast<X509*>(certificate)) != nullptr) return std::nullopt;
  return "has no subjectKeyIdentifier (RFC 5280 4.2.1.2)";
}

std::optional<std::string> broken_time(const PeerCertificate& certificate, WallTime now) {
  if (now < certificate.not_before()) return str_cat("is not valid before ", format_time(certificate.not_before()));
  if (certificate.not_after() <= now) return str_cat("ended at ", format_time(certificate.not_after()));
  if (certificate.not_after() - now < kMinTtl) {
    return str_cat("ends at ", format_time(certificate.not_after()), ", too soon to sign anything");
  }
  return std::nullopt;
}

Result<void> check_one(X509* raw, WallTime now) {
  auto certificate = PeerCertificate::from_x509(raw);
  if (!certificate) return bad(str_cat(": ", certificate.error().detail));
  auto broken = broken_signing_rule(*certificate);
  if (!broken) broken = broken_extended_usage(raw);
  if (!broken) broken = broken_identifier(raw);
  if (!broken) broken = broken_time(*certificate, now);
  if (!broken) return {};
  return bad(str_cat(" (", in_quotes(certificate->subject()), ") ", *broken));
}

Result<X509Shared> find_root(const CertChain& chain, const DomainRoots& roots) {
  auto pin = roots.pin_of_issuer(chain.back().get());
  if (!pin) {
    return bad(str_cat("certificate ", std::to_string(chain.size()), " is not issued by any of the roots given (",
                       std::to_string(roots.pins().size()), ")"));
  }
  auto at = std::find(roots.pins().begin(), roots.pins().end(), *pin) - roots.pins().begin();
  return roots.certificates()[static_cast<size_t>(at)];
}

Result<CertChain> whole_chain(const IssuedParts& parts, WallTime now) {
  CertChain chain = parts.chain;
  if (is_one_of(*parts.roots, chain.front().get())) {
    return bad("certificate 1 is itself one of the roots: expected an intermediate that a root issued");
  }
  if (is_one_of(*parts.roots, chain.back().get())) chain.pop_back();
  if (chain.size() > kMaxIssuers) return bad("more than 3 certificates below the root");
  for (size_t i = 0; i < chain.size(); ++i) {
    auto good = check_one(chain[i].get(), now);
    if (!good) return bad(str_cat("certificate ", std::to_string(i + 1), good.error().detail));
  }
  HEDDLE_CHECK_OK(check_links(chain));
  HEDDLE_TRY(X509Shared root, find_root(chain, *parts.roots));
  chain.push_back(std::move(root));
  return chain;
}
}  // namespace

Result<CertificateAuthority::Ptr> make_issued_authority(const IssuedParts& parts, WallTime now) {
  HEDDLE_TRY(CertChain chain, whole_chain(parts, now));
  HEDDLE_TRY(Secret key, parts.key->to_pem());
  const TrustDomain& domain = parts.roots->trust_domain();
  HEDDLE_TRY(auto authority, CertificateAuthority::from_pem(domain, to_pem(chain), key.view()));
  HEDDLE_TRY(SpiffeId anybody, SpiffeId::for_workload(domain, "default", "anybody"));
  HEDDLE_CHECK_OK(check_it_signs(*authority, anybody, {}, now));
  return authority;
}

Result<void> check_it_signs(const CertificateAuthority& authority, const SpiffeId& id, const ExtraNames& names,
                            WallTime now) {
  HEDDLE_TRY(auto key, PrivateKey::generate());
  HEDDLE_TRY(Csr csr, Csr::create(*key, id));
  HEDDLE_TRY(SignedSvid made, authority.sign(csr, id, kMinTtl, now, names));
  HEDDLE_TRY(CertChain shown, parse_certificates(made.chain_pem, {kMaxChainPem, kMaxChainLength}));
  TrustBundle bundle;
  bundle.replace(authority.roots());
  auto verified = verify_peer(shown, bundle, now);
  if (verified) return {};
  return bad(str_cat("peers would refuse what it signs for ", id.text(), ": ", verified.error().detail));
}
}  // namespace heddle
