// ChangeApi: the requests that change resources: POST /v1/apply and DELETE /v1/resources/... Each is one transaction,
// judged as a whole, answered when the store has it for good, and audited one line per resource. Control loop.
#pragma once
#include <map>

#include "control/api/access_gate.h"
#include "control/api/answers.h"
#include "control/plan/rollout_keeper.h"
#include "control/store/store.h"
#include "lib/rpc/http_server.h"

namespace heddle {
class ChangeApi {
 public:
  struct Parts {
    Store& store;
    TrustDomain trust_domain;  // our own
    AuditSink& audit;
    const Clock& clock;
    AccessGate& gate;               // judges every resource of what is applied
    const RolloutKeeper& rollouts;  // what a running one changes is not changed beside it
  };
  explicit ChangeApi(Parts parts) : parts_(std::move(parts)) {}
  void apply(const RpcRequest&, const Caller&, HttpServer::Respond);
  void erase(const ResourceKey&, const Caller&, HttpServer::Respond);
  // Who waits for a commit is told that this replica leaves; what the store has under way may be committed all the
  // same.
  void drain();

 private:
  using Answer = RpcResponse (*)(const Transaction&, const Commit&);
  // What a commit means to who asked for it.
  struct Purpose {
    AuditRecord refused;  // the line when it is not committed
    Reason reason;        // of what breaks the rules of the whole
    Answer answer;
  };
  struct Committing {
    Purpose purpose;
    Caller caller;
    Transaction operations;
    HttpServer::Respond respond;
    std::vector<ApiProblem> problems{};
    Pending token{};
  };
  Admission admission(std::vector<ApiProblem>&, Reason) const;
  void commit(Transaction, Purpose, const Caller&, HttpServer::Respond);
  void on_committed(uint64_t id, Result<Commit>);
  void audit_commit(const Committing&, const Commit&);

  Parts parts_;
  std::map<uint64_t, std::unique_ptr<Committing>> committing_;
  uint64_t next_ = 1;
};
}  // namespace heddle
