// ApiServer: the configuration API (docs/api.md) on an HttpServer: resources, apply, delete, plan, explain, status,
// wait, join tokens, the CA, federation, rollouts. Every request needs a bearer token that may do what it asks for
// (AccessGate), judged before any of the body is kept and, by namespace, before anything is done. Writes are
// transactions judged as a whole, audited one line per resource. Control loop. Limits: 64 MiB of body for apply, plan
// and rollouts, 1 MiB else.
#pragma once
#include "control/api/access_api.h"
#include "control/api/answers.h"
#include "control/api/ca_api.h"
#include "control/api/change_api.h"
#include "control/api/control_sight.h"
#include "control/api/current_reads.h"
#include "control/api/explainer.h"
#include "control/api/history_api.h"
#include "control/api/plan_api.h"
#include "control/api/remote_scopes.h"
#include "control/api/resource_conditions.h"
#include "control/api/rollout_api.h"
#include "control/api/wait_api.h"
#include "control/ca/issuer.h"
#include "control/federation/federation_keeper.h"
#include "control/watch/watch_hub.h"
#include "lib/rpc/http_server.h"

namespace heddle {
struct ApiParts {
  Store& store;
  Ledger& ledger;
  Issuer& issuer;
  CaRotator& rotator;
  const CaOutlook& outlook;
  WatchHub& hub;
  NodeRegistry& registry;
  const FederationKeeper& federation;
  RolloutKeeper& rollouts;
  AuditSink& audit;
  AuditSink& refusals;  // for who is turned away at the door: limited
  Scheduler& scheduler;
  Random& random;
  std::function<ControlSight()> sight;  // of the control planes, for the status
  // Of the sidecars of all of them: WatchHub::fetch_facts(), or Replicas'.
  std::function<Pending(FactsQuery, FactsFetcher::Done)> fetch_facts;
  ReadIndex* reads;  // what shows the mesh waits for it; null: what is here is the newest
};

class ApiServer {
 public:
  static constexpr size_t kMaxApplyBody = kMaxSnapshotBytes;
  static constexpr size_t kMaxBody = 1 << 20;

  explicit ApiServer(const ApiParts& parts)
      : parts_(parts),
        current_(parts.reads, parts.scheduler),
        explainer_(parts.store),
        gate_({parts.ledger, parts.refusals, parts.scheduler, parts.random}),
        access_({parts.ledger, gate_, parts.audit, parts.scheduler}),
        changes_({parts.store, parts.issuer.authority().trust_domain(), parts.audit, parts.scheduler, gate_,
                  parts.rollouts}),
        history_(parts.store),
        ca_({parts.rotator, parts.outlook, parts.registry, parts.ledger, parts.scheduler}),
        plan_(plan_parts()),
        rollouts_({parts.rollouts, parts.store, parts.issuer, parts.audit, parts.scheduler, gate_}),
        wait_({parts.store, parts.hub, gate_}),
        remote_scopes_(parts.store, parts.registry, parts.rollouts) {}
  // Sets the server's guard, too.
  void serve_on(HttpServer&);
  // Everybody who waits is told that this replica leaves.
  void drain();

  // What is known now of which sidecar holds what, as whoever has these grants may see it.
  ResourceConditions conditions(const AccessGrants&);

 private:
  using Handler = void (ApiServer::*)(const RpcRequest&, HttpServer::Respond);
  using Answer = RpcResponse (ApiServer::*)(const RpcRequest&);
  void route(HttpServer&, std::string method, std::string_view pattern, Handler);
  void route(HttpServer&, std::string method, std::string_view pattern, Answer);
  // For what shows nothing of the mesh, or waits by itself.
  void route_at_once(HttpServer&, std::string method, std::string_view pattern, Handler);
  void route_at_once(HttpServer&, std::string method, std::string_view pattern, Answer);
  HttpServer::Handler readmitted(Handler);
  HttpServer::Handler readmitted(Answer);

  RpcResponse version(const RpcRequest&);
  RpcResponse list(const RpcRequest&);
  RpcResponse get(const RpcRequest&);
  RpcResponse explain(const RpcRequest&);
  RpcResponse status(const RpcRequest&);
  void create_token(const RpcRequest&, HttpServer::Respond);
  RpcResponse show_federation(const RpcRequest&);
  RpcResponse show_ca(const RpcRequest&) { return ca_.show(); }
  void step_ca(const RpcRequest& request, HttpServer::Respond respond) {
    ca_.step(request, caller_of(request), std::move(respond));
  }
  void apply(const RpcRequest& request, HttpServer::Respond respond) {
    changes_.apply(request, caller_of(request), std::move(respond));
  }
  void erase(const RpcRequest&, HttpServer::Respond);
  void rollback(const RpcRequest& request, HttpServer::Respond respond) {
    changes_.rollback(request, caller_of(request), std::move(respond));
  }
  RpcResponse list_history(const RpcRequest& request) { return history_.list(request); }
  RpcResponse show_version(const RpcRequest& request) { return history_.show(request); }
  RpcResponse diff_versions(const RpcRequest& request) { return history_.diff(request); }
  RpcResponse show_rollout(const RpcRequest& request) { return rollouts_.show(request); }
  void start_rollout(const RpcRequest& request, HttpServer::Respond respond) {
    rollouts_.start(request, caller_of(request), std::move(respond));
  }
  void step_rollout(const RpcRequest& request, HttpServer::Respond respond) {
    rollouts_.step(request, caller_of(request), std::move(respond));
  }
  void wait(const RpcRequest& request, HttpServer::Respond respond) { wait_.wait(request, std::move(respond)); }
  void plan(const RpcRequest& request, HttpServer::Respond respond) {
    plan_.plan(request, caller_of(request), std::move(respond));
  }
  PlanApi::Parts plan_parts();

  Caller caller_of(const RpcRequest& request) { return gate_.caller_of(request); }

  ApiParts parts_;
  CurrentReads current_;
  Explainer explainer_;
  AccessGate gate_;
  AccessApi access_;
  ChangeApi changes_;
  HistoryApi history_;
  CaApi ca_;
  PlanApi plan_;
  RolloutApi rollouts_;
  WaitApi wait_;
  RemoteScopes remote_scopes_;
};
}  // namespace heddle
