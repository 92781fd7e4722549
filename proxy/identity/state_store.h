// StateStore: the identity part of a sidecar's state directory (docs/identity.md): svid.pem, svid.key, bundle.json
// (SPIFFE JWKS) and, where other trust domains are believed, federated.json (SPIFFE bundle map), so that a restart
// needs neither token nor control plane while the SVID is valid. Directory 0700, files 0600, each written atomically. A
// value; blocking, so on offload threads and at start-up only; one writer at a time. What it reads was written by us or
// by an attacker: everything is checked, nothing crashes, nothing is repaired.
#pragma once
#include <string>

#include "certs/svid.h"
#include "certs/trust_bundle.h"

namespace heddle {
struct StoredIdentity {
  Svid svid;
  DomainRoots::Ptr roots;
  std::vector<DomainRoots::Ptr> federated{};  // of other trust domains
  std::string federated_problem{};            // loaded: why none are, though some are stored
};

class StateStore {
 public:
  // Makes the directory if it is not there. kIo: belongs to somebody else or is open to others.
  static Result<StateStore> open(std::string directory);
  // The key goes first under another name, so that a crash between two files leaves a pair that fits. Nothing
  // federated: its file goes, for good.
  Result<void> save(const StoredIdentity&) const;
  // kNotFound: nothing is stored. Refuses a key file with any permission for group or others, a pair that does not fit
  // and a certificate its own bundle does not vouch for (an expired one too: kPeerCertificateInvalid). Federated roots
  // that cannot be read cost those only.
  Result<StoredIdentity> load(const SpiffeId& expected, WallTime now) const;

  const std::string& directory() const noexcept { return directory_; }
  std::string path(std::string_view file) const;

 private:
  explicit StateStore(std::string directory) : directory_(std::move(directory)) {}
  Result<Svid> load_svid() const;
  Result<void> save_federated(const std::vector<DomainRoots::Ptr>&) const;
  Result<std::vector<DomainRoots::Ptr>> load_federated(const TrustDomain& own) const;
  std::string directory_;
};

// A private key from a file that only its owner may read.
Result<Secret> read_private_file(const std::string& path, size_t max_bytes);
}  // namespace heddle
