// IdentityApi: POST /v1/attest and /v1/renew, which turn a signing request into a certificate (docs/api.md). The first
// is all that a caller without a client certificate may reach; it learns nothing there but "unauthenticated", and may
// fail 1/s with 10 at once per source. Decisions are the Issuer's, which go on when the caller leaves; who is turned
// away before it is asked is an audit line here. Control loop.
#pragma once
#include "control/api/failure_limit.h"
#include "control/ca/issuer.h"
#include "control/federation/federated_bundles.h"
#include "lib/base/random.h"
#include "lib/rpc/http_server.h"

namespace heddle {
class IdentityApi {
 public:
  struct Parts {
    Issuer& issuer;
    AuditSink& audit;  // that limits refusals
    const Clock& clock;
    Random& random;
    const FederatedBundles& federated;  // told with each certificate
  };
  explicit IdentityApi(const Parts& parts) : parts_(parts) {}
  // Sets the server's guard and who hears of its refusals, too: it serves the watch beside this and nothing else.
  void serve_on(HttpServer&);

 private:
  void attest(const RpcRequest&, HttpServer::Respond);
  void renew(const RpcRequest&, HttpServer::Respond);
  RpcResponse attested(const Address& peer, const Result<SignedSvid>&);
  RpcResponse answer(const SignedSvid&) const;
  void on_refused(const RpcRequest&, const Error&);
  void audit_refusal(std::string_view type, const RpcRequest&, const Error&);
  Parts parts_;
  FailureLimit failures_;
  std::shared_ptr<const bool> here_ = std::make_shared<const bool>(true);  // an answer may come when this is gone
};
}  // namespace heddle
