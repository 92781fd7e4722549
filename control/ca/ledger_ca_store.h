// LedgerCaStore: the CA's state in the ledger that all control planes share: the documents "ca.authority" and
// "ca.rotation" (ca_documents.h), always written in one change, so there is nothing to finish. A change is refused
// (kConflict) when a document is not as this store saw it last: of two control planes that take a step at once one
// wins. Who is first of all makes the root, the others read it.
//
// A plain key is never written there, nor read: a root of ours is written only under the passphrase (--ca-passphrase-
// file), which all control planes must have. An authority given by files is written without its key: each control plane
// has the files, or had them: it keeps those whose root signs, is prepared, or was given last, in its own data
// directory (GivenKeys). With those files every control plane signs with the certificate and key of its own files, as
// long as their root is the one that signs; the document's certificate says which root that is.
//
// While files are replaced one control plane after the other, one that does not have the newer key yet
//   - knows and distributes every bundle, and takes part in everything but signing with what it does not have;
//   - while the other root is prepared: signs with the old one; cannot activate; takes no step back by itself;
//   - once it is activated: signs with the old one until that is retired (signer_here()): everybody trusts it, and the
//     retirement waits for sidecars with such certificates, by name;
//   - after the retirement: signs nothing (kUnavailable), and does not start anew before its files are replaced;
//   - takes no scheduled step while it lacks the key of the signer, and says so: log, `heddle ca status`, alarm.
// Whose files count where they differ in anything else (other roots besides): those of who leads. There is no way back
// from files to a root of ours: start with files of the root that shall be next. Control loop.
#pragma once
#include "control/ca/ca_documents.h"
#include "control/ca/ca_store.h"
#include "control/ca/given_keys.h"
#include "control/store/ledger.h"

namespace heddle {
class LedgerCaStore final : public CaStore {
 public:
  static constexpr std::string_view kAuthority = "ca.authority";
  static constexpr std::string_view kRotation = "ca.rotation";
  // Of the ledger's document: on_documents_changed() of the rotator is due.
  static bool is_ours(std::string_view document) { return document == kAuthority || document == kRotation; }
  // `directory`: this control plane's own, for keys that files gave. The ledger must be loaded and outlive it.
  LedgerCaStore(Ledger& ledger, const std::string& directory, const TrustDomain& domain, KeyForm form,
                Duration root_lifetime = kRootLifetime)
      : CaStore(root_lifetime),
        ledger_(ledger),
        domain_(domain),
        keys_(directory, domain, form.copy()),
        form_(std::move(form)) {}
  // kConfigInvalid: no passphrase and no files; a document that is damaged, or holds a plain key.
  Pending open(WallTime now, const CertificateAuthority::Ptr& first, Opened) override;
  Pending decide(const CaState& state, Done done) override { return write(state, std::move(done)); }
  Pending finish(const CaState&, Done done) override {
    done({});
    return nullptr;
  }
  Pending renew(const CaState& state, Done done) override { return write(state, std::move(done)); }
  bool is_shared() const noexcept override { return true; }
  Result<std::optional<CaState>> read_newer() override;
  Result<void> hold(const CertificateAuthority::Ptr&) override;

 private:
  class Put;
  struct Texts {
    std::string authority;
    std::string rotation;
    bool operator==(const Texts&) const = default;
  };
  struct Seen {
    Texts texts;
    CertificateAuthority::Ptr signer;  // as the text has it
  };
  Result<std::optional<CaState>> look(const CertificateAuthority::Ptr& first);
  Pending make_first(WallTime now, const CertificateAuthority::Ptr& first, Opened);
  Result<CaState> read_others();
  Pending write(const CaState&, Done);
  Pending put(const CaState&, bool is_new, Done);
  Result<std::optional<Texts>> read_texts() const;
  Result<void> check_newest() const;
  Result<Texts> texts_of(const CaState&) const;
  Result<std::string> key_for(const CertificateAuthority&) const;
  Result<CaState> understand(const Texts&);
  Result<CertificateAuthority::Ptr> signer_of(const Texts&) const;
  Result<CertificateAuthority::Ptr> next_of(const RotationWords&) const;
  CertificateAuthority::Ptr with_key(CertificateAuthority::Ptr) const;
  void settle(const CaState&);
  Ledger& ledger_;
  TrustDomain domain_;
  GivenKeys keys_;
  KeyForm form_;
  std::string given_;         // root of what the files gave last; empty: nothing
  std::optional<Seen> seen_;  // what this store read or wrote last
};
}  // namespace heddle
