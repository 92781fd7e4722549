// ApiServer: the configuration API (docs/api.md) on an HttpServer: resources, apply, delete, explain, status, wait,
// join tokens, the CA, federation. Every request needs an admin's bearer token, looked up by its SHA-256 before any of
// the body is kept; who has none learns nothing but that. Writes are transactions judged as a whole, audited one line
// per resource. Control loop. Limits: 64 MiB of body for apply, 1 MiB else; failed tokens 1/s and 10 at once per
// source.
#pragma once
#include "control/api/answers.h"
#include "control/api/ca_api.h"
#include "control/api/change_api.h"
#include "control/api/explainer.h"
#include "control/api/failure_limit.h"
#include "control/api/history_api.h"
#include "control/api/resource_conditions.h"
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
  AuditSink& audit;
  AuditSink& refusals;  // for who is turned away at the door: limited
  Scheduler& scheduler;
  Random& random;
};

class ApiServer {
 public:
  static constexpr size_t kMaxApplyBody = kMaxSnapshotBytes;
  static constexpr size_t kMaxBody = 1 << 20;
  static constexpr Duration kMaxWait = 10min;
  static constexpr size_t kMaxWaiting = 1000;

  explicit ApiServer(const ApiParts& parts)
      : parts_(parts),
        explainer_(parts.store),
        changes_({parts.store, parts.issuer.authority().trust_domain(), parts.audit, parts.scheduler}),
        history_(parts.store),
        ca_({parts.rotator, parts.outlook, parts.registry, parts.ledger, parts.scheduler}) {}
  // Sets the server's guard, too.
  void serve_on(HttpServer&);
  // Everybody who waits is told that this replica leaves.
  void drain();

 private:
  using Handler = void (ApiServer::*)(const RpcRequest&, HttpServer::Respond);
  using Answer = RpcResponse (ApiServer::*)(const RpcRequest&);
  struct Waiting {
    HttpServer::Respond respond;
    Pending token;
  };
  void route(HttpServer&, std::string method, std::string_view pattern, Handler);
  void route(HttpServer&, std::string method, std::string_view pattern, Answer);
  Result<void> admit(const RpcRequest&);
  Result<AdminTokenRow> authenticate(const RpcRequest&);
  void audit_denial(const RpcRequest&, const Error&);

  RpcResponse version(const RpcRequest&);
  RpcResponse list(const RpcRequest&);
  RpcResponse get(const RpcRequest&);
  RpcResponse explain(const RpcRequest&);
  RpcResponse status(const RpcRequest&);
  RpcResponse create_token(const RpcRequest&);
  RpcResponse show_federation(const RpcRequest&);
  RpcResponse show_ca(const RpcRequest&) { return ca_.show(); }
  RpcResponse step_ca(const RpcRequest& request) { return ca_.step(request, caller_of(request)); }
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
  void wait(const RpcRequest&, HttpServer::Respond);
  void on_waited(uint64_t id, const WaitResult&);

  Caller caller_of(const RpcRequest&);
  ResourceConditions conditions() const;

  ApiParts parts_;
  Explainer explainer_;
  ChangeApi changes_;
  HistoryApi history_;
  CaApi ca_;
  FailureLimit failures_;
  std::map<uint64_t, Waiting> waiting_;
  uint64_t next_wait_ = 1;
};
}  // namespace heddle
