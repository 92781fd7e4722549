// AccessGate: who calls the configuration API, and whether it may: bearer tokens, looked up by their SHA-256, and what
// their grants allow (access.h). Who shows no valid token learns nothing but that; every refusal is a line in the audit
// log, within its limit. Owned by ApiServer; control loop. Limit: failed tokens 1/s and 10 at once per source.
#pragma once
#include <optional>

#include "control/api/access_token.h"
#include "control/api/answers.h"
#include "control/api/failure_limit.h"
#include "control/store/store.h"

namespace heddle {
// Whoever holds this token.
struct AccessHolder {
  std::string name;
  AccessGrants grants;
  std::optional<WallTime> expires;
};

class AccessGate {
 public:
  struct Parts {
    Ledger& ledger;
    AuditSink& refusals;
    Scheduler& scheduler;
    Random& random;
  };
  explicit AccessGate(const Parts& parts) : parts_(parts) {}

  // The server's guard: before any of the body is kept.
  Result<void> admit(const RpcRequest&);
  // Again, once the body is here: the token may have been revoked or expired meanwhile.
  std::optional<RpcResponse> readmit(const RpcRequest&);
  // kUnauthenticated: unknown or expired.
  Result<AccessHolder> holder(const RpcRequest&);
  Caller caller_of(const RpcRequest&);

  // kForbidden, kUnauthenticated; nothing is noted.
  Result<void> judge(const RpcRequest&, const AccessAsk&);
  // Of the first operation that is refused.
  Result<void> judge(const RpcRequest&, const Transaction&);
  // Nothing: it may. Else the answer; the refusal is noted.
  std::optional<RpcResponse> refuse(const RpcRequest&, const AccessAsk&, std::string_view subject = "");
  // Every operation is judged, and each that is refused is a problem of the answer (1,000 at most) and a line.
  std::optional<RpcResponse> refuse(const RpcRequest&, const Transaction&);
  // The same for who only asks what they would change: each must be readable.
  std::optional<RpcResponse> refuse_reading(const RpcRequest&, const Transaction&);
  // `subject`: of what; empty: the request's method and path.
  void note(const RpcRequest&, std::string_view subject, const Error& why);
  void note(const Caller&, std::string_view subject, const Error& why);

 private:
  using Asks = std::vector<AccessAsk> (*)(const StoreOperation&);
  std::optional<RpcResponse> refuse_each(const RpcRequest&, const Transaction&, Asks);
  Result<AdminTokenRow> find(const RpcRequest&);
  Result<AccessHolder> recognise(const AdminTokenRow&) const;
  Result<void> judge_door(const RpcRequest&, const AdminTokenRow&) const;
  Parts parts_;
  FailureLimit failures_;
};

// What an operation asks for: one thing, but for a Workload that claims an identity of another namespace: then the
// role is needed there, too. The views are into the operation.
std::vector<AccessAsk> asks_of(const StoreOperation&);
// The namespace of spiffe://<domain>/ns/<namespace>/sa/<account>, a part of that text; empty: of none.
std::string_view namespace_of(std::string_view spiffe_id);
}  // namespace heddle
