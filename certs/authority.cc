#include "certs/authority.h"

#include <algorithm>
#include <array>

#include "certs/certificate_builder.h"
#include "certs/chain_links.h"
#include "certs/peer_certificate.h"
#include "certs/pem.h"
#include "lib/base/random.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
Error bad(std::string_view detail) {
  return make_error(Reason::kConfigInvalid, str_cat("certificate authority: ", detail));
}

WallTime whole_seconds(WallTime time) { return WallTime(std::chrono::floor<std::chrono::seconds>(time.since_epoch())); }

// Different roots of one domain must differ in their subject, else path building may pick the wrong one first.
std::string unique_name() {
  std::array<std::byte, 8> bytes{};
  secure_random(bytes);
  return to_hex(bytes);
}

SubjectNames authority_names(const TrustDomain& domain) {
  SubjectNames names;
  names.uris.push_back(domain.id());
  return names;
}

SubjectNames leaf_names(const SpiffeId& id, const ExtraNames& extra) {
  SubjectNames names;
  names.uris.push_back(id.text());
  names.dns = extra.dns;
  names.ips = extra.ips;
  names.critical = true;  // the subject is empty (X509-SVID §3.1)
  return names;
}

Error no_key(const CertificateAuthority& authority) {
  return make_error(Reason::kUnavailable,
                    str_cat("the key of the certificate authority ", authority.fingerprint(), " is not here"));
}

bool is_self_signed(X509* certificate) { return X509_check_issued(certificate, certificate) == X509_V_OK; }

// X509-SVID §3.2: a signing certificate that carries an id carries that of its trust domain.
Result<void> check_authority_id(const PeerCertificate& certificate, const TrustDomain& domain) {
  for (const std::string& uri : certificate.uri_sans()) {
    if (uri != domain.id()) return bad(str_cat("the certificate names ", in_quotes(uri), ", expected ", domain.id()));
  }
  return {};
}

}  // namespace

CertificateAuthority::CertificateAuthority(Access, CertChain chain, std::shared_ptr<const PrivateKey> key,
                                           DomainRoots::Ptr roots)
    : domain_(roots->trust_domain()),
      chain_(std::move(chain)),
      key_(std::move(key)),
      roots_(std::move(roots)),
      not_before_(WallTime(Duration::min())),
      not_after_(WallTime(Duration::max())),
      fingerprint_(fingerprint_of(chain_.front().get())) {
  for (const X509Shared& certificate : chain_) {
    not_before_ = std::max(not_before_, to_wall_time(X509_get0_notBefore(certificate.get())));
    not_after_ = std::min(not_after_, to_wall_time(X509_get0_notAfter(certificate.get())));
  }
}

Result<CertificateAuthority::Ptr> CertificateAuthority::create_root(const TrustDomain& domain, Duration lifetime,
                                                                    WallTime now) {
  HEDDLE_TRY(auto key, PrivateKey::generate());
  CertificateBuilder builder;
  builder.random_serial().validity(now - kBackdate, now + lifetime).public_key(key->raw());
  builder.subject("O", "Heddle").subject("CN", "Heddle root").subject("serialNumber", unique_name());
  builder.issuer(X509_get_subject_name(builder.get()));
  builder.extension(NID_basic_constraints, "critical,CA:TRUE").extension(NID_key_usage, "critical,keyCertSign,cRLSign");
  builder.names(authority_names(domain)).key_identifiers(nullptr);
  HEDDLE_TRY(auto certificate, builder.sign(*key));
  return assemble(domain, {std::move(certificate)}, std::move(key));
}

Result<CertificateAuthority::Ptr> CertificateAuthority::from_pem(const TrustDomain& domain,
                                                                 std::string_view certificates, std::string_view key) {
  auto chain = parse_certificates(certificates, {kMaxChainPem, kMaxChainLength});
  if (!chain) return std::move(chain).error().within("certificate authority");
  auto private_key = PrivateKey::from_pem(key);
  if (!private_key) return std::move(private_key).error().within("certificate authority");
  return assemble(domain, *std::move(chain), *std::move(private_key));
}

Result<CertificateAuthority::Ptr> CertificateAuthority::without_key(const TrustDomain& domain,
                                                                    std::string_view certificates) {
  auto chain = parse_certificates(certificates, {kMaxChainPem, kMaxChainLength});
  if (!chain) return std::move(chain).error().within("certificate authority");
  return assemble(domain, *std::move(chain), nullptr);
}

Result<CertificateAuthority::Ptr> CertificateAuthority::assemble(const TrustDomain& domain, CertChain chain,
                                                                 std::shared_ptr<const PrivateKey> key) {
  auto own = PeerCertificate::from_x509(chain.front().get());
  if (!own) return bad(own.error().detail);
  if (!own->is_ca() || !own->key_usage().has(KeyUse::kKeyCertSign)) return bad("the certificate may not sign others");
  HEDDLE_CHECK_OK(check_authority_id(*own, domain));
  if (auto linked = check_links(chain); !linked) return std::move(linked).error().within("certificate authority");
  if (key != nullptr && EVP_PKEY_eq(X509_get0_pubkey(chain.front().get()), key->raw()) != 1) {
    ERR_clear_error();
    return bad("the private key is not the certificate's");
  }
  HEDDLE_TRY(auto roots, DomainRoots::create(domain, {chain.back()}, DomainRoots::Notes{}));
  return Ptr(std::make_shared<CertificateAuthority>(Access{}, std::move(chain), std::move(key), std::move(roots)));
}

Result<WallTime> CertificateAuthority::leaf_end(Duration ttl, WallTime now) const {
  if (ttl < kMinTtl) {
    return make_error(Reason::kBadRequest, str_cat("a lifetime of ", format_duration(ttl), " is below 5s"));
  }
  if (now < not_before_ || now + kMinTtl > not_after_) {
    return make_error(Reason::kUnavailable,
                      str_cat("the certificate authority is valid from ", format_time(not_before_), " to ",
                              format_time(not_after_), ", now is ", format_time(now)));
  }
  Duration left = not_after_ - now;
  return whole_seconds(now + std::min(ttl, left));
}

CertChain CertificateAuthority::issuers_shown() const {
  CertChain shown = chain_;
  // The anchor is in every peer's bundle: sending it only costs bytes.
  if (shown.size() > 1 || is_self_signed(shown.back().get())) shown.pop_back();
  return shown;
}

Result<SignedSvid> CertificateAuthority::sign(const Csr& request, const SpiffeId& attested, Duration ttl, WallTime now,
                                              const ExtraNames& extra) const {
  if (request.id() != attested) {
    return make_error(Reason::kForbidden,
                      str_cat("the request names ", request.id().text(), ", the caller is ", attested.text()));
  }
  if (attested.trust_domain_name() != domain_.name()) {
    return make_error(Reason::kForbidden, str_cat(attested.text(), " is not of trust domain ", domain_.name()));
  }
  if (!has_key()) return no_key(*this);
  HEDDLE_TRY(WallTime end, leaf_end(ttl, now));
  WallTime start = whole_seconds(std::max(now - kBackdate, not_before_));
  CertificateBuilder builder;
  builder.random_serial().validity(start, end).public_key(request.public_key());
  builder.issuer(X509_get_subject_name(chain_.front().get()));
  builder.extension(NID_basic_constraints, "critical,CA:FALSE").extension(NID_key_usage, "critical,digitalSignature");
  builder.extension(NID_ext_key_usage, "serverAuth,clientAuth");
  builder.names(leaf_names(attested, extra)).key_identifiers(chain_.front().get());
  HEDDLE_TRY(auto leaf, builder.sign(*key_));
  CertChain chain = issuers_shown();
  chain.insert(chain.begin(), leaf);
  return SignedSvid{heddle::to_pem(chain), serial_of(leaf.get()), start, end, now};
}

Result<Secret> CertificateAuthority::key_pem() const {
  if (!has_key()) return no_key(*this);
  return key_->to_pem();
}

std::string CertificateAuthority::to_pem() const { return heddle::to_pem(chain_); }
}  // namespace heddle
