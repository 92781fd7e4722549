// The CA's root on disk: <directory>/ca.pem holds the certificate and its key in one file, mode 0600, written
// atomically, so that there is never one without the other. Made on first start; a file that others may read, that is
// damaged or of another trust domain stops the start: a root is never replaced silently (reliability CP-061).
// Also the control plane's own certificate, with a fresh key each time. Blocking: start-up or offload threads only.
#pragma once
#include "certs/authority.h"

namespace heddle {
inline constexpr Duration kRootLifetime = 24h * 365 * 10;

Result<CertificateAuthority::Ptr> open_authority(const std::string& directory, const TrustDomain&, WallTime now);

// spiffe://<domain>/ns/heddle-system/sa/heddle-control with these names beside it.
Result<SpiffeId> control_identity(const TrustDomain&);
Result<Svid> issue_control_svid(const CertificateAuthority&, const ExtraNames&, Duration ttl, WallTime now);
}  // namespace heddle
