#include "certs/domain_roots.h"

#include <openssl/x509v3.h>

#include <algorithm>

#include "certs/digest.h"
#include "certs/limits.h"
#include "certs/peer_certificate.h"
#include "certs/pem.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
Error bad(std::string detail) { return make_error(Reason::kConfigInvalid, std::move(detail)); }

// X509-SVID §4.1 and §4.3 for signing certificates.
Result<void> check_root(const X509* certificate) {
  auto parsed = PeerCertificate::from_x509(certificate);
  if (!parsed) return bad(parsed.error().detail);
  if (X509_get0_pubkey(certificate) == nullptr) {
    ERR_clear_error();
    return bad(str_cat("the public key of ", in_quotes(parsed->subject()), " cannot be decoded"));
  }
  if (!parsed->is_ca()) return bad(str_cat("the certificate ", in_quotes(parsed->subject()), " is not a CA"));
  bool has_usage = parsed->key_usage_criticality() != Criticality::kAbsent;
  if (has_usage && !parsed->key_usage().has(KeyUse::kKeyCertSign)) {
    return bad(str_cat("the certificate ", in_quotes(parsed->subject()), " may not sign certificates (keyUsage)"));
  }
  // OpenSSL reads the extensions at their first use, says there what is wrong, and verifies nothing by such a root.
  bool is_invalid = (X509_get_extension_flags(const_cast<X509*>(certificate)) & EXFLAG_INVALID) != 0;
  ERR_clear_error();
  if (is_invalid) {
    return bad(str_cat("the certificate ", in_quotes(parsed->subject()), " has extensions that cannot be used"));
  }
  return {};
}
}  // namespace

Result<DomainRoots::Ptr> DomainRoots::create(const TrustDomain& domain, CertChain certificates, Notes notes) {
  if (certificates.size() > kMaxRoots) {
    return make_error(Reason::kTooLarge, str_cat("trust domain ", domain.name(), " has more than 64 roots"));
  }
  auto roots = std::make_shared<DomainRoots>(Access{}, domain, notes);
  roots->store_.reset(X509_STORE_new());
  if (roots->store_ == nullptr) return make_error(Reason::kInternal, openssl_error());
  for (size_t i = 0; i < certificates.size(); ++i) {
    auto added = roots->add(certificates[i]);
    if (added) continue;
    return std::move(added).error().within(str_cat("bundle of ", domain.name(), ", entry ", std::to_string(i + 1)));
  }
  return Ptr(std::move(roots));
}

Result<void> DomainRoots::add(const X509Shared& certificate) {
  HEDDLE_CHECK_OK(check_root(certificate.get()));
  std::string pin = fingerprint_of(certificate.get());
  if (std::find(pins_.begin(), pins_.end(), pin) != pins_.end()) return {};
  if (X509_STORE_add_cert(store_.get(), certificate.get()) != 1) {
    return make_error(Reason::kInternal, openssl_error());
  }
  pins_.push_back(std::move(pin));
  certificates_.push_back(certificate);
  return {};
}

Result<DomainRoots::Ptr> DomainRoots::parse_pem(const TrustDomain& domain, std::string_view pem) {
  auto certificates = parse_certificates(pem, {kMaxBundle, kMaxRoots});
  if (!certificates) return std::move(certificates).error().within(str_cat("bundle of ", domain.name()));
  return create(domain, *std::move(certificates), Notes{});
}

Result<DomainRoots::Ptr> DomainRoots::parse_der(const TrustDomain& domain, std::string_view der) {
  if (der.size() > kMaxBundle) return make_error(Reason::kTooLarge, "the bundle is larger than 1 MiB");
  CertChain certificates;
  const auto* in = reinterpret_cast<const unsigned char*>(der.data());
  const auto* end = in + der.size();
  while (in != end) {
    if (certificates.size() == kMaxRoots) return make_error(Reason::kTooLarge, "the bundle has more than 64 roots");
    X509Ptr certificate(d2i_X509(nullptr, &in, static_cast<long>(end - in)));
    ERR_clear_error();
    if (certificate == nullptr) return bad(str_cat("bundle of ", domain.name(), ": not concatenated DER"));
    certificates.emplace_back(std::move(certificate));
  }
  return create(domain, std::move(certificates), Notes{});
}

Result<DomainRoots::Ptr> DomainRoots::from_pin(const TrustDomain& domain, const CertChain& shown,
                                               std::string_view pin) {
  for (const X509Shared& certificate : shown) {
    if (fingerprint_of(certificate.get()) == pin) return create(domain, {certificate}, Notes{});
  }
  return make_error(Reason::kPeerCertificateInvalid, str_cat("no certificate shown has the pinned SHA-256 ", pin));
}

Result<DomainRoots::Ptr> DomainRoots::merged(const DomainRoots& base, const DomainRoots& added) {
  if (base.domain_ != added.domain_) {
    return bad(str_cat("roots of ", base.domain_.name(), " and ", added.domain_.name(), " must not be merged"));
  }
  CertChain all = base.certificates_;
  all.insert(all.end(), added.certificates_.begin(), added.certificates_.end());
  return create(base.domain_, std::move(all), added.notes_);
}

std::string DomainRoots::digest() const {
  std::vector<std::string> sorted = pins_;
  std::sort(sorted.begin(), sorted.end());
  return to_hex(sha256(as_bytes(join(sorted, "\n"))));
}

// Names and key identifiers first: they are cheap; then the signature, which alone proves it.
std::optional<std::string> DomainRoots::pin_of_issuer(X509* certificate) const {
  for (size_t i = 0; i < certificates_.size(); ++i) {
    X509* root = certificates_[i].get();
    bool is_issuer =
        X509_check_issued(root, certificate) == X509_V_OK && X509_verify(certificate, X509_get0_pubkey(root)) == 1;
    ERR_clear_error();
    if (is_issuer) return pins_[i];
  }
  return std::nullopt;
}

std::string DomainRoots::to_pem() const { return heddle::to_pem(certificates_); }
}  // namespace heddle
