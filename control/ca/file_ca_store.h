// FileCaStore: the CA on disk, of the only control plane there is. <directory>/ca.pem holds the authority that signs
// (key_store.h); <directory>/ca.rotation (0600) the rest (ca_documents.h). Each is written atomically. A step is
// decided by the write of ca.rotation; that of the activation holds the new key until ca.pem has it, so a crash in
// between is finished by open(). What a crash left of a write that never counted is removed by open(): it may hold a
// key. Keys that are plain are sealed by open(), if there is a passphrase. Blocking (two fsyncs a step): start-up, and
// the rare steps of an operator; so every `done` runs inside. Nobody else may use the directory.
#pragma once
#include "control/ca/ca_documents.h"
#include "control/ca/ca_store.h"

namespace heddle {
class FileCaStore final : public CaStore {
 public:
  FileCaStore(std::string directory, const TrustDomain& domain, KeyForm form = {},
              Duration root_lifetime = kRootLifetime)
      : CaStore(root_lifetime), directory_(std::move(directory)), domain_(domain), form_(std::move(form)) {}
  Pending open(WallTime now, const CertificateAuthority::Ptr& first, Opened) override;
  Pending decide(const CaState&, Done) override;
  Pending finish(const CaState&, Done) override;
  Pending renew(const CaState&, Done) override;
  bool is_shared() const noexcept override { return false; }
  Result<std::optional<CaState>> read_newer() override { return std::optional<CaState>(); }
  // ca.pem and ca.rotation have all keys.
  Result<void> hold(const CertificateAuthority::Ptr&) override { return {}; }

 private:
  std::string authority_file() const;
  std::string rotation_file() const;
  void remove_leftovers() const;
  Result<CaState> load(WallTime now, const CertificateAuthority::Ptr& first) const;
  Result<CertificateAuthority::Ptr> open_signer(WallTime now, const CertificateAuthority::Ptr& first) const;
  Result<CaState> read_state(std::string_view text, const CertificateAuthority::Ptr& in_file) const;
  Result<void> write_decision(const CaState&) const;
  Result<void> write_end(const CaState&) const;
  Result<void> write_renewal(const CaState&) const;
  Result<void> write(const CaState&, const CertificateAuthority* with_key) const;
  Result<void> seal(const CaState&) const;
  std::string directory_;
  TrustDomain domain_;
  KeyForm form_;
};
}  // namespace heddle
