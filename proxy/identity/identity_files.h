// Identity from PEM files, read at once: the certificate chain, its key and the trust bundle (PEM, or SPIFFE JWKS when
// it begins with '{'). Blocking and pure but for the reading: for offload threads, start-up and `--validate`.
#pragma once
#include <string>

#include "certs/digest.h"
#include "lib/tls/tls_context.h"

namespace heddle {
struct IdentityFiles {
  std::string certificate;  // identity.certificate
  std::string key;          // identity.key
  std::string bundle;       // identity.bundle
};

struct LoadedIdentity {
  std::shared_ptr<const TlsIdentity> identity;
  Sha256Digest content{};  // of the three files
};

// Every error names the field and the file. The certificate must be valid now and vouched for by the bundle.
Result<LoadedIdentity> load_identity_files(const IdentityFiles&, WallTime now);

// Changes when a file is replaced, also by way of a symbolic link (as Kubernetes does); a missing file counts.
std::string stat_fingerprint(const std::vector<std::string>& paths);
}  // namespace heddle
