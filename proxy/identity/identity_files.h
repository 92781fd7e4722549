// Identity from PEM files, read at once: the certificate chain, its key and the trust bundle (PEM, or SPIFFE JWKS when
// it begins with '{'), and a bundle for each other trust domain that is believed. Blocking and pure but for the
// reading: for offload threads, start-up and `--validate`.
#pragma once
#include <string>

#include "certs/digest.h"
#include "lib/tls/tls_context.h"

namespace heddle {
struct FederatedFile {
  TrustDomain domain;  // trust.federated[i].trustDomain
  std::string bundle;  // trust.federated[i].bundleFile
  bool operator==(const FederatedFile&) const = default;
};

struct IdentityFiles {
  std::string certificate;  // identity.certificate
  std::string key;          // identity.key
  std::string bundle;       // identity.bundle
  std::vector<FederatedFile> federated{};
};

struct LoadedIdentity {
  std::shared_ptr<const TlsIdentity> identity;
  Sha256Digest content{};            // of our own three files
  std::string federated;             // federated_digest() of the roots of the other domains
  std::vector<std::string> refused;  // of trust.federated: why a file is not used
};

// Every error names the field and the file. The certificate must be valid now and vouched for by the bundle. A file of
// another trust domain that cannot be used is no error, because our own rotation must not wait for it: the domain keeps
// the roots it has in `in_use`, or is left out.
Result<LoadedIdentity> load_identity_files(const IdentityFiles&, WallTime now, const TrustBundle* in_use = nullptr);
// All of them, in order.
std::vector<std::string> paths_of(const IdentityFiles&);

// Changes when a file is replaced, also by way of a symbolic link (as Kubernetes does); a missing file counts.
std::string stat_fingerprint(const std::vector<std::string>& paths);
}  // namespace heddle
