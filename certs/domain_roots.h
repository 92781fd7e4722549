// DomainRoots: the signing certificates of one trust domain (X509-SVID §6, SPIFFE Trust Domain and Bundle). Immutable
// and shared as shared_ptr<const DomainRoots>; the X509_STORE inside is only looked up, by any thread.
// An empty set is meaningful: everything of that domain is revoked. Certificates of two domains are never in one set.
#pragma once
#include <optional>
#include <vector>

#include "certs/openssl.h"
#include "certs/trust_domain.h"
#include "lib/base/clock.h"

namespace heddle {
class DomainRoots {
 public:
  using Ptr = std::shared_ptr<const DomainRoots>;
  static constexpr Duration kDefaultRefreshHint = 300s;  // clamped to [60 s, 1 h] when given
  // What a bundle document says besides the certificates.
  struct Notes {
    std::optional<uint64_t> sequence;
    Duration refresh_hint = kDefaultRefreshHint;
  };

  // Every certificate must be a CA that may sign certificates; duplicates are dropped; at most kMaxRoots.
  static Result<Ptr> create(const TrustDomain&, CertChain certificates, Notes);
  // Concatenated PEM, at least one certificate.
  static Result<Ptr> parse_pem(const TrustDomain&, std::string_view pem);
  // Concatenated DER, as the SPIFFE Workload API carries it.
  static Result<Ptr> parse_der(const TrustDomain&, std::string_view der);
  // Picks from `shown` (a chain a server presented) the CA whose fingerprint is `pin`: bootstrap by pin.
  static Result<Ptr> from_pin(const TrustDomain&, const CertChain& shown, std::string_view pin);
  // The certificates of both; the domains must be the same. Notes are taken from `added`.
  static Result<Ptr> merged(const DomainRoots& base, const DomainRoots& added);

  const TrustDomain& trust_domain() const noexcept { return domain_; }
  const CertChain& certificates() const noexcept { return certificates_; }
  const Notes& notes() const noexcept { return notes_; }
  bool empty() const noexcept { return certificates_.empty(); }
  // SHA-256 of each certificate's DER, lower-case hex, in order: what an operator pins.
  const std::vector<std::string>& pins() const noexcept { return pins_; }
  // SHA-256 over the pins in sorted order, lower-case hex: equal for equal sets, whatever the order and the notes.
  std::string digest() const;
  // The pin of the root that signed `certificate` (the last one of a shown chain); nullopt: none of these.
  std::optional<std::string> pin_of_issuer(X509* certificate) const;
  std::string to_pem() const;
  X509_STORE* store() const noexcept { return store_.get(); }

  // Use the factories: public only for make_shared.
  struct Access {
   private:
    friend class DomainRoots;
    Access() = default;
  };
  DomainRoots(Access, const TrustDomain& domain, Notes notes) : domain_(domain), notes_(notes) {}

 private:
  Result<void> add(const X509Shared&);
  TrustDomain domain_;
  Notes notes_;
  CertChain certificates_;
  std::vector<std::string> pins_;
  StorePtr store_;
};
}  // namespace heddle
