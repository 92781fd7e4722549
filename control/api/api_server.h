// ApiServer: the configuration API (docs/api.md) on an HttpServer: resources, apply, delete, status, wait, join tokens.
// Every request needs an admin's bearer token, looked up by its SHA-256 before any of the body is kept; who has none
// learns nothing but that. Writes are transactions judged as a whole, audited one line per resource. Control loop.
// Limits: 64 MiB of body for apply, 1 MiB else; failed tokens 1/s and 10 at once per source.
#pragma once
#include "control/api/answers.h"
#include "control/api/failure_limit.h"
#include "control/ca/issuer.h"
#include "control/watch/watch_hub.h"
#include "lib/rpc/http_server.h"

namespace heddle {
struct ApiParts {
  Store& store;
  Ledger& ledger;
  Issuer& issuer;
  WatchHub& hub;
  NodeRegistry& registry;
  AuditSink& audit;
  Scheduler& scheduler;
  Random& random;
};

class ApiServer {
 public:
  static constexpr size_t kMaxApplyBody = kMaxSnapshotBytes;
  static constexpr size_t kMaxBody = 1 << 20;
  static constexpr Duration kMaxWait = 10min;
  static constexpr size_t kMaxWaiting = 1000;

  explicit ApiServer(const ApiParts& parts) : parts_(parts) {}
  // Sets the server's guard, too.
  void serve_on(HttpServer&);
  // Everybody who waits is told that this replica leaves.
  void drain();

 private:
  using Handler = RpcResponse (ApiServer::*)(const RpcRequest&);
  struct Waiting {
    HttpServer::Respond respond;
    Pending token;
  };
  void route(HttpServer&, std::string method, std::string_view pattern, Handler);
  Result<void> admit(const RpcRequest&);
  Result<AdminTokenRow> authenticate(const RpcRequest&);

  RpcResponse version(const RpcRequest&);
  RpcResponse list(const RpcRequest&);
  RpcResponse get(const RpcRequest&);
  RpcResponse apply(const RpcRequest&);
  RpcResponse erase(const RpcRequest&);
  RpcResponse status(const RpcRequest&);
  RpcResponse create_token(const RpcRequest&);
  void wait(const RpcRequest&, HttpServer::Respond);
  void on_waited(uint64_t id, const WaitResult&);

  Caller caller_of(const RpcRequest&);
  void audit(const AuditRecord&, const Caller&, const Result<void>& outcome);
  void audit_commit(const Transaction&, const Commit&, const Caller&);

  ApiParts parts_;
  FailureLimit failures_;
  std::map<uint64_t, Waiting> waiting_;
  uint64_t next_wait_ = 1;
};
}  // namespace heddle
