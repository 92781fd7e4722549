// The files an operator starts from: <data>/admin.context (0600), by which the command line finds this control plane
// and proves to be an admin, and <data>/root.pem (0644), which sidecars must trust. The admin token is made once, with
// the data directory; later starts write the context anew with the same token (the address may have changed), and
// leave it alone where the operator removed it. Blocking: start-up only.
#pragma once
#include "certs/authority.h"
#include "control/ca/audit.h"
#include "control/store/ledger.h"
#include "lib/base/address.h"

namespace heddle {
struct AdminContextParts {
  std::string path;
  Address api;
  SpiffeId id;  // of the control plane
  const DomainRoots& roots;
  Ledger& ledger;
  AuditSink& audit;
  WallTime now;
};
enum class AdminContextState : uint8_t { kMade, kKept, kMissing };
// kMissing: an admin token exists, but the file is gone: nothing was written.
Result<AdminContextState> write_admin_context(const AdminContextParts&);
Result<void> write_roots(const std::string& path, const DomainRoots&);
}  // namespace heddle
