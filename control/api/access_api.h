// AccessApi: tokens of the configuration API (docs/access.md): POST, GET and DELETE /v1/access, for the role operator,
// and GET /v1/whoami, for everybody. A token is shown once. Nobody gives rights that he does not have, nor for longer
// than he has them, and the last token that may do everything for ever stays. Every token made and revoked is a line in
// the audit log, and each is answered when the ledger has it. Control loop.
#pragma once
#include "control/api/access_gate.h"
#include "control/api/current_reads.h"
#include "control/store/ledger_tries.h"
#include "lib/rpc/http_server.h"

namespace heddle {
class AccessApi {
 public:
  static constexpr Duration kMaxTtl = 24h * 365;
  static constexpr size_t kMaxBody = 64 * 1024;
  struct Parts {
    Ledger& ledger;
    AccessGate& gate;
    AuditSink& audit;
    const Clock& clock;
  };
  explicit AccessApi(const Parts& parts) : parts_(parts), tries_(parts.ledger) {}
  // What it shows waits for `current`.
  void serve_on(HttpServer&, CurrentReads& current);
  // Who waits is told that this replica leaves; the ledger may keep the change all the same.
  void drain();
  // Of who may do it, by the gate.
  void create(const RpcRequest&, HttpServer::Respond);
  void revoke(const RpcRequest&, HttpServer::Respond);

 private:
  using Handler = void (AccessApi::*)(const RpcRequest&, HttpServer::Respond);
  using Answer = RpcResponse (AccessApi::*)(const RpcRequest&);
  static constexpr size_t kMaxSwept = 50;  // expired tokens that make room, at once
  struct Wish {
    std::string name;
    AccessGrants grants;
    std::optional<Duration> ttl;
  };
  // Who waits for a change, as he was when he asked for it.
  struct Asked {
    RpcRequest request;  // without its body
    Caller caller;
    HttpServer::Respond respond;
  };
  struct Making {
    Asked asked;
    Wish wish;
    std::string token;
    AdminTokenRow row;
  };
  void route(HttpServer&, std::string method, std::string_view pattern, Handler);
  void route(HttpServer&, CurrentReads&, std::string method, std::string_view pattern, Answer);
  Asked asked_by(const RpcRequest&, HttpServer::Respond);
  RpcResponse list(const RpcRequest&);
  RpcResponse whoami(const RpcRequest&);

  static Result<Wish> read(const std::string& body);
  // Whether it may be made; who must go for it. kConflict: the name is taken, or there are too many.
  Result<std::vector<std::string>> room_for(const Making&);
  LedgerTries::Judged sweep(const Making&);
  Result<void> may_last(const Wish&, const AccessHolder& giver) const;
  LedgerTries::Judged add(Making&);
  RpcResponse made(const Making&, const Result<void>& kept);
  LedgerTries::Judged remove(std::string_view name, const RpcRequest&);
  RpcResponse revoked(const Caller&, std::string_view name, const Result<void>& kept);
  void audit(std::string_view type, std::string_view name, std::string detail, const Caller&);
  // A refusal: a line within its limit, and the answer.
  RpcResponse refused(const Caller&, std::string_view type, std::string_view name, const Error& why);
  Parts parts_;
  LedgerTries tries_;
};
}  // namespace heddle
