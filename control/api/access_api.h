// AccessApi: tokens of the configuration API (docs/access.md): POST, GET and DELETE /v1/access, for the role operator,
// and GET /v1/whoami, for everybody. A token is shown once. Nobody gives rights that he does not have, nor for longer
// than he has them, and the last token that may do everything for ever stays. Every token made and revoked is a line in
// the audit log. Control loop.
#pragma once
#include "control/api/access_gate.h"
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
  explicit AccessApi(const Parts& parts) : parts_(parts) {}
  void serve_on(HttpServer&);

 private:
  using Handler = RpcResponse (AccessApi::*)(const RpcRequest&);
  struct Wish {
    std::string name;
    AccessGrants grants;
    std::optional<Duration> ttl;
  };
  void route(HttpServer&, std::string method, std::string_view pattern, Handler);
  RpcResponse create(const RpcRequest&);
  RpcResponse list(const RpcRequest&);
  RpcResponse revoke(const RpcRequest&);
  RpcResponse whoami(const RpcRequest&);

  static Result<Wish> read(const std::string& body);
  // Makes room for the name; kConflict when there is none.
  Result<void> reserve(std::string_view name);
  Result<void> may_last(const Wish&, const AccessHolder& giver) const;
  Result<std::string> add(const Wish&, const AccessHolder& giver, AdminTokenRow& row);
  Result<void> remove(std::string_view name, const AccessHolder& by);
  void audit(std::string_view type, std::string_view name, std::string detail, const RpcRequest&);
  // A refusal: a line within its limit, and the answer.
  RpcResponse refused(const RpcRequest&, std::string_view type, std::string_view name, const Error& why);
  Parts parts_;
};
}  // namespace heddle
