// Restored: what a control plane that began from a backup may believe. Its ledger ends where the backup was made, so
// the certificates given out between then and the restore are strangers to it, and yet they are ours. Such a serial
// renews once more, if its identity is known: what was superseded before the backup or is given out after the restore
// is not among them. Pure.
#pragma once
#include "control/store/ledger.h"

namespace heddle {
struct Restored {
  WallTime backed_up;  // zero: an older Heddle made the backup and did not say
  WallTime restored;   // zero: this control plane never was

  static Result<Restored> read(Ledger&);
  // A certificate of ours, by its NotBefore.
  bool forgot(WallTime not_before) const;
  // Certificates that were valid at the restore may still come, their lineages must not be forgotten before.
  bool keeps_lineages(WallTime now, Duration svid_ttl) const { return now < restored + svid_ttl; }
};
}  // namespace heddle
