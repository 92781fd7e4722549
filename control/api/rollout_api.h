// RolloutApi: POST and GET /v1/rollouts, POST /v1/rollouts/{step}: staged rollouts (docs/api.md), for whoever may apply
// what is rolled out, and for roles in all namespaces. Which step is allowed is RolloutState's to judge. One audit line
// for each. Control loop.
#pragma once
#include "control/api/access_gate.h"
#include "control/ca/issuer.h"
#include "control/plan/rollout_keeper.h"
#include "lib/rpc/message.h"

namespace heddle {
class RolloutApi {
 public:
  struct Parts {
    RolloutKeeper& keeper;
    const Store& store;
    const Issuer& issuer;  // whose trust domain is ours
    AuditSink& audit;
    const Clock& clock;
    AccessGate& gate;
  };
  explicit RolloutApi(const Parts& parts) : parts_(parts) {}
  RpcResponse show(const RpcRequest&) const;
  // Body: {"list":{"kind":"List","items":[...]},"stages":["1%","100%"],...}. Query as
  // of an apply: `expect`, judged now, and `message`, for the version. Answers as show() does then, with warnings.
  RpcResponse start(const RpcRequest&, const Caller&);
  RpcResponse step(const RpcRequest&, const Caller&);

 private:
  std::optional<RpcResponse> refuse(const RpcRequest&, AccessAction) const;
  void audit(std::string_view step, const Caller&, const Result<void>&) const;
  Parts parts_;
};

// The rules of the whole (apply_request.h), with the first problem in the error: for the keeper.
Result<void> judge_whole(const View& after, const TrustDomain& own);
// The audit line of a step that nobody asked for.
void audit_own_step(AuditSink&, std::string_view type, std::string_view why, const Result<void>&, WallTime now);
}  // namespace heddle
