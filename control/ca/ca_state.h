// CaState: the CA at one moment of a rotation: phase, who signs, which roots are trusted. A value; pure.
#pragma once
#include "certs/authority.h"
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
// A root that was made here. What somebody issued to us is none: its successor is theirs to give, too.
inline bool is_our_root(const CertificateAuthority& authority) {
  return authority.fingerprint() == root_pin(authority);
}

// Who signs in this process. Where the key of the state's signer is not here (LedgerCaStore), one of the `others` whose
// root is the old one does until that is retired: everybody trusts it still, and the retirement waits for those whose
// certificate is of it. Without such a one the signer all the same, which signs nothing.
CertificateAuthority::Ptr signer_here(const CaState&, const std::vector<CertificateAuthority::Ptr>& others);
// What an operator has to do, since keys of authorities given by files are not here; empty: nothing.
std::string missing_key(const CaState&);
}  // namespace heddle
