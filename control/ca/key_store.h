// The CA's root on disk: <directory>/ca.pem holds the certificate and its key in one file, mode 0600, written
// atomically, so that there is never one without the other. Made on first start; a file that others may read, that is
// damaged or of another trust domain stops the start: a root is never replaced silently (reliability CP-061).
// Also the control plane's own certificate, with a fresh key each time. Blocking: start-up or offload threads only.
#pragma once
#include "control/ca/key_form.h"

namespace heddle {
inline constexpr Duration kRootLifetime = 24h * 365 * 10;

Result<CertificateAuthority::Ptr> open_authority(const std::string& directory, const TrustDomain&, WallTime now,
                                                 const KeyForm& = {}, Duration lifetime = kRootLifetime);
Result<CertificateAuthority::Ptr> read_authority(const std::string& path, const TrustDomain&, const KeyForm& = {});
Result<void> write_authority(const std::string& path, const CertificateAuthority&, const KeyForm& = {});
// A file that holds a key: regular, no link, closed to others. kNotFound: there is none.
Result<Secret> read_private(const std::string& path, size_t max_bytes);

// spiffe://<domain>/ns/heddle-system/sa/heddle-control with these names beside it.
Result<SpiffeId> control_identity(const TrustDomain&);
Result<Svid> issue_control_svid(const CertificateAuthority&, const ExtraNames&, Duration ttl, WallTime now);
}  // namespace heddle
