// Who is the peer? Chain validation (RFC 5280, by OpenSSL) and the rules of X509-SVID §5.2, which OpenSSL does not
// know: it accepts two URI names, ids without a path and a td2 id signed by td1. Pure: time is a parameter, nothing is
// cached, safe from any thread. It says who the peer is, not whether we want to talk to it (certs/authorizer.h). Costs
// one signature check per link; the work is bounded by kMaxChainLength and the key allow-list.
#pragma once
#include <optional>
#include <span>

#include "certs/peer_certificate.h"
#include "certs/trust_bundle.h"

namespace heddle {
struct VerifiedPeer {
  std::shared_ptr<const PeerCertificate> peer;
  // When the whole path is valid: latest notBefore and earliest notAfter of its certificates, root included. A cached
  // verdict holds only between the two and only for the bundle's generation.
  WallTime path_not_before;
  WallTime path_not_after;
};

// `chain` as the peer showed it, leaf first. The roots are those of the id's own trust domain and no other.
// Fails with kPeerCertificateMissing (empty), kPeerTrustDomainUnknown or kPeerCertificateInvalid; the detail names the
// rule. No tolerance for clocks: whoever issues backdates (kBackdate).
// `x509_error`, when given, is set to OpenSSL's code for a path that is refused (X509_V_ERR_...), for the TLS alert.
Result<VerifiedPeer> verify_peer(std::span<X509* const> chain, const TrustBundle&, WallTime now,
                                 int* x509_error = nullptr);
Result<VerifiedPeer> verify_peer(const CertChain& chain, const TrustBundle&, WallTime now, int* x509_error = nullptr);
// As a TLS verify callback has it: `shown` may be null and may begin with the leaf.
Result<VerifiedPeer> verify_peer(X509* leaf, const STACK_OF(X509) * shown, const TrustBundle&, WallTime now);

// Whether a peer that was verified once still has its root in the bundle of its trust domain.
bool has_root(const TrustBundle&, const PeerCertificate&);

// The first rule for leaf certificates (X509-SVID §2-§4) this one breaks; nullopt when it keeps them all. Says nothing
// about who signed it or when it is valid.
std::optional<std::string> broken_leaf_rule(const PeerCertificate&);
}  // namespace heddle
