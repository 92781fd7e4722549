// An authority whose certificate somebody else's root issued: its certificates, its key and the roots are judged before
// anything is signed, the first broken rule by its name and source (RFC 5280, X509-SVID). At last it signs a leaf that
// is judged as peers will (certs/verify.h): what they would refuse is never handed out; so path lengths and name
// constraints hold here as OpenSSL has them. Pure: time is a parameter; a few signatures, never on a busy loop.
#pragma once
#include "certs/authority.h"

namespace heddle {
inline constexpr size_t kMaxIssuers = kMaxChainLength - 1;  // shown with a leaf: ours and two above

struct IssuedParts {
  CertChain chain;  // ours first, each issued by the next; a root at its end is left out
  std::shared_ptr<const PrivateKey> key;
  DomainRoots::Ptr roots;  // one of them issued the last of the chain
};
// kConfigInvalid: a rule is broken.
Result<CertificateAuthority::Ptr> make_issued_authority(const IssuedParts&, WallTime now);

// Whether peers would believe a certificate for `id` with these names, which name constraints may forbid.
Result<void> check_it_signs(const CertificateAuthority&, const SpiffeId& id, const ExtraNames&, WallTime now);
}  // namespace heddle
