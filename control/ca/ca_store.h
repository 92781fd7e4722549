// CaStore: the CA on disk, across every step of a rotation. <directory>/ca.pem holds the authority that signs
// (key_store.h), always in the same form, so that an older version finds it; <directory>/ca.rotation (JSON, 0600) the
// phase, the bundle's sequence, roots the operator wants trusted besides, and the other root: with its key while it is
// prepared, its certificate alone once it is the old one. Each is written atomically. A step is decided by the write of
// ca.rotation; that of the activation holds the new key until ca.pem has it, so a crash in between is finished by
// open(). What does not fit together stops the start: nothing is guessed. What a crash left of a write that never
// counted is removed by open(): it may hold a key. A value; blocking (two fsyncs a step): start-up, and the rare steps
// of an operator.
#pragma once
#include "control/ca/key_store.h"
#include "control/ca/rotation_plan.h"

namespace heddle {
struct CaState {
  RotationPhase phase = RotationPhase::kSteady;
  uint64_t sequence = 1;  // of the bundle: one more with every change of its roots
  WallTime since;         // of the phase
  CertificateAuthority::Ptr signer;
  CertificateAuthority::Ptr next;  // while kPrepared: does not sign yet
  DomainRoots::Ptr old;            // while kActivated: what signed until then
  DomainRoots::Ptr also{};         // other roots of the operator's file, in every phase; null: none
  bool is_aborted = false;         // kSteady: what began the phase was an abort
  // All roots to trust, that of the signer first, with the sequence.
  Result<DomainRoots::Ptr> bundle() const;
};
// By which a root is known to everybody: of its anchor, which peers trust.
inline const std::string& root_pin(const CertificateAuthority& authority) { return authority.roots()->pins().front(); }

class CaStore {
 public:
  CaStore(std::string directory, const TrustDomain& domain, KeyForm form = {}, Duration root_lifetime = kRootLifetime)
      : directory_(std::move(directory)), domain_(domain), form_(std::move(form)), root_lifetime_(root_lifetime) {}
  // If there is nothing at all, `first` signs, or a root that is made. Seals keys that are plain, if there is a
  // passphrase. Nobody else may use the directory.
  Result<CaState> open(WallTime now, const CertificateAuthority::Ptr& first = nullptr) const;
  // The state is this from now on, also after a crash.
  Result<void> decide(const CaState&) const;
  // Brings ca.pem to what was decided: nothing but after an activation. Until it succeeds decide() must not be called.
  Result<void> finish(const CaState&) const;
  // The same phase with newer certificates of the same roots, or other roots besides.
  Result<void> renew(const CaState&) const;
  Duration root_lifetime() const noexcept { return root_lifetime_; }

 private:
  std::string authority_file() const;
  std::string rotation_file() const;
  void remove_leftovers() const;
  Result<CertificateAuthority::Ptr> open_signer(WallTime now, const CertificateAuthority::Ptr& first) const;
  Result<CaState> read_state(std::string_view text, const CertificateAuthority::Ptr& in_file) const;
  Result<void> write(const CaState&, const CertificateAuthority* with_key) const;
  Result<void> seal(const CaState&) const;
  std::string directory_;
  TrustDomain domain_;
  KeyForm form_;
  Duration root_lifetime_;
};
}  // namespace heddle
