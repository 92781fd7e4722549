// The files an operator starts from: <data>/admin.context (0600), by which the command line finds this control plane
// and proves to be an admin, and <data>/root.pem (0644), which sidecars must trust. The admin token is made once, with
// the ledger, by the control plane that is the first there; later starts write the context anew with the same token
// (the address may have changed), and leave it alone where the operator removed it. The files are written blocking.
#pragma once
#include "certs/authority.h"
#include "control/ca/audit.h"
#include "control/store/ledger.h"
#include "lib/base/address.h"
#include "lib/base/operation.h"

namespace heddle {
struct AdminContextParts {
  std::string path;
  Address api;
  SpiffeId id;  // of the control plane
  const DomainRoots& roots;
  Ledger& ledger;
  AuditSink& audit;
  WallTime now;
  // The token to make, where one is to be made; empty: a random one. Whoever tries again after kUnavailable names the
  // same: what was not confirmed may be kept all the same.
  std::string new_token{};
};
enum class AdminContextState : uint8_t { kMade, kKept, kMissing };
using OnAdminContext = UniqueFunction<void(Result<AdminContextState>)>;
// At the start. kMissing: an admin token exists, but the file is gone, or was made at another control plane: nothing is
// written. `done` is called once, maybe before this returns; the ledger and the audit log must be there until then, the
// rest of the parts is not needed after the call.
[[nodiscard]] Pending write_admin_context(const AdminContextParts&, OnAdminContext done);
// Later, when the roots are others: never makes a token.
Result<AdminContextState> rewrite_admin_context(const AdminContextParts&);
Result<void> write_roots(const std::string& path, const DomainRoots&);
}  // namespace heddle
