// TrustBundle: the roots of every trust domain we know, each domain by itself: they are never merged (SPIFFE Federation
// §4.2), because a root of one domain must not vouch for another. A value that is cheap to copy; its owner changes a
// copy and publishes it as shared_ptr<const TrustBundle>. generation() moves with every change and survives copying:
// a cache of verdicts keyed by it forgets them when anything was revoked.
#pragma once
#include <map>

#include "certs/domain_roots.h"

namespace heddle {
class TrustBundle {
 public:
  TrustBundle() = default;
  // A bundle of one domain from concatenated PEM.
  static Result<TrustBundle> parse_pem(const TrustDomain&, std::string_view pem);

  // The domain's roots become exactly these.
  void replace(DomainRoots::Ptr);
  // The same for a fetched bundle: one with a lower sequence than ours is stale and refused (kConflict).
  Result<void> update(DomainRoots::Ptr);
  // The domain's roots become the old and these: the overlap of a rotation.
  Result<void> merge(const DomainRoots::Ptr&);
  void remove(const TrustDomain&);

  // nullptr when the domain is unknown. A known domain may have no roots: all revoked.
  const DomainRoots* find(std::string_view trust_domain_name) const noexcept;
  const DomainRoots* find(const TrustDomain& domain) const noexcept { return find(domain.name()); }
  std::vector<TrustDomain> domains() const;
  uint64_t generation() const noexcept { return generation_; }

 private:
  std::map<std::string, DomainRoots::Ptr, std::less<>> roots_;
  uint64_t generation_ = 0;
};

// What a sidecar says of the federated domains it trusts, and the control plane compares: SHA-256, lower-case hex, over
// a line "<name> <DomainRoots::digest()>\n" for each domain but `own`, in the order of the names. Empty when there are
// none: a domain without roots (all revoked) counts.
std::string federated_digest(const TrustBundle&, const TrustDomain& own);
}  // namespace heddle
