// RolloutApi: POST and GET /v1/rollouts, POST /v1/rollouts/{step}: staged rollouts (docs/api.md), for whoever may apply
// what is rolled out, and for roles in all namespaces. Which step is allowed is RolloutState's to judge. Answered when
// the step is durable. One audit line for each. Control loop.
#pragma once
#include <map>

#include "control/api/access_gate.h"
#include "control/api/answers.h"
#include "control/ca/issuer.h"
#include "control/plan/rollout_keeper.h"
#include "lib/rpc/http_server.h"

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
  void start(const RpcRequest&, const Caller&, HttpServer::Respond);
  void step(const RpcRequest&, const Caller&, HttpServer::Respond);
  // Who waits for a step to be kept is told that this replica leaves; it may be kept all the same.
  void drain();

 private:
  struct Asked {
    std::string step;
    Caller caller;
    HttpServer::Respond respond;  // empty: answered by drain()
    std::vector<ApiProblem> warnings{};
  };
  std::optional<RpcResponse> refuse(const RpcRequest&, AccessAction) const;
  Ledger::Done answer_with(Asked);
  void on_kept(uint64_t id, const Result<void>&);
  void audit(std::string_view step, const Caller&, const Result<void>&) const;
  Parts parts_;
  std::map<uint64_t, Asked> asked_;
  uint64_t next_ = 1;
};

// The rules of the whole (apply_request.h), with the first problem in the error: for the keeper.
Result<void> judge_whole(const View& after, const TrustDomain& own);
// What a plan does not know of while a rollout runs: a note, without what is rolled out; else empty.
std::string plan_caveat(const RolloutKeeper&);
// The audit line of a step that nobody asked for.
void audit_own_step(AuditSink&, std::string_view type, std::string_view why, const Result<void>&, WallTime now);
}  // namespace heddle
