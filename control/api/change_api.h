// ChangeApi: the requests that change resources: POST /v1/apply, POST /v1/rollback and DELETE /v1/resources/... Each is
// one transaction, judged as a whole, answered when the store has it for good, and audited one line per resource. A dry
// run is judged alike, changes nothing and is not audited. Control loop.
#pragma once
#include <map>

#include "control/api/access_gate.h"
#include "control/api/answers.h"
#include "control/api/change_request.h"
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
  void erase(const ResourceKey&, const RpcRequest&, const Caller&, HttpServer::Respond);
  // Makes the content of an older version the newest one.
  void rollback(const RpcRequest&, const Caller&, HttpServer::Respond);
  // Of every change: the rules of the whole, and what a running rollout changes is not changed beside it.
  Admission admission(std::vector<ApiProblem>&, Reason) const;
  // Who waits for a commit is told that this replica leaves; what the store has under way may be committed all the
  // same.
  void drain();

 private:
  static constexpr int kMaxRollbackTries = 10;  // of one that others are faster than
  using Answer = RpcResponse (*)(const Transaction&, const Commit&);
  // What a commit means to who asked for it.
  struct Purpose {
    AuditRecord refused;  // the line when it is not committed
    Reason reason;        // of what breaks the rules of the whole
    Answer answer;
    std::optional<Version> restores{};  // the operations lead back to it, from what was newest when they were made
  };
  struct Committing {
    Purpose purpose;
    Caller caller;
    CommitRequest request;
    HttpServer::Respond respond;
    int tries = 1;
    std::vector<ApiProblem> problems{};
    Pending token{};
  };
  void start(Purpose, CommitRequest, const Caller&, HttpServer::Respond);
  void submit(uint64_t id);
  RpcResponse preview(const Purpose&, const CommitRequest&, bool wants_changes) const;
  Result<CommitRequest> restoring(Version to) const;
  bool restored_again(uint64_t id, const Error& why);
  void refuse(const Purpose&, const Caller&, const Error&, const std::vector<ApiProblem>&, HttpServer::Respond);
  void on_committed(uint64_t id, Result<Commit> result);
  void audit_commit(const Committing&, const Commit&);

  Parts parts_;
  std::map<uint64_t, std::unique_ptr<Committing>> committing_;
  uint64_t next_ = 1;
};
}  // namespace heddle
