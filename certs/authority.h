// CertificateAuthority: the signing certificate of one trust domain and what it signs. Immutable after creation, so
// sign() may be called from any thread. It decides the whole content of a leaf; a request contributes its key and must
// name the attested id. It authenticates nobody: `attested` is what the caller has proved about the workload.
#pragma once
#include "certs/csr.h"
#include "certs/domain_roots.h"
#include "certs/limits.h"
#include "certs/svid.h"

namespace heddle {
struct SignedSvid {
  std::string chain_pem;  // leaf first, then the authority's own chain up to but without the root
  std::string serial;     // lower-case hex
  WallTime not_before;
  WallTime not_after;
  WallTime issued_at;
};

// Names besides the id, for the control plane's own certificate only: browsers and kubectl need them.
struct ExtraNames {
  std::vector<std::string> dns;
  std::vector<std::string> ips;
};

class CertificateAuthority {
 public:
  using Ptr = std::shared_ptr<const CertificateAuthority>;
  // A new self-signed root: P-256, id spiffe://<domain>, notBefore = now - kBackdate.
  static Result<Ptr> create_root(const TrustDomain&, Duration lifetime, WallTime now);
  // Certificates: the authority's first, then its issuers up to the trust anchor; key in PKCS#8. Refuses a key of
  // another certificate, a certificate that may not sign, and one that names another trust domain.
  static Result<Ptr> from_pem(const TrustDomain&, std::string_view certificates, std::string_view key);
  // One whose key somebody else has: everything but sign() and key_pem(), which fail with kUnavailable.
  static Result<Ptr> without_key(const TrustDomain&, std::string_view certificates);

  // Fails with kForbidden (the request names another id, or one outside the domain), kBadRequest (ttl below kMinTtl),
  // kConfigInvalid (bad extra names) or kUnavailable (the authority itself is not valid at `now`, or its key is not
  // here). A ttl beyond the authority's life is cut to it.
  Result<SignedSvid> sign(const Csr&, const SpiffeId& attested, Duration ttl, WallTime now,
                          const ExtraNames& extra = {}) const;

  const TrustDomain& trust_domain() const noexcept { return domain_; }
  // What peers must trust: the last certificate of the chain.
  DomainRoots::Ptr roots() const noexcept { return roots_; }
  WallTime not_before() const noexcept { return not_before_; }
  WallTime not_after() const noexcept { return not_after_; }
  const std::string& fingerprint() const noexcept { return fingerprint_; }
  std::string to_pem() const;
  // What its leaves are shown with: the chain without the root. Empty where the root itself signs.
  CertChain issuers_shown() const;
  bool has_key() const noexcept { return key_ != nullptr; }
  Result<Secret> key_pem() const;

  // Use the factories: public only for make_shared.
  struct Access {
   private:
    friend class CertificateAuthority;
    Access() = default;
  };
  CertificateAuthority(Access, CertChain chain, std::shared_ptr<const PrivateKey> key, DomainRoots::Ptr roots);

 private:
  // `key`: null where it is not here.
  static Result<Ptr> assemble(const TrustDomain&, CertChain, std::shared_ptr<const PrivateKey> key);
  Result<WallTime> leaf_end(Duration ttl, WallTime now) const;
  TrustDomain domain_;
  CertChain chain_;                        // ours first, the anchor last
  std::shared_ptr<const PrivateKey> key_;  // null: not here
  DomainRoots::Ptr roots_;
  WallTime not_before_;
  WallTime not_after_;
  std::string fingerprint_;
};
}  // namespace heddle
