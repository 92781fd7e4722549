// IdentityApi: POST /v1/attest and /v1/renew, which turn a signing request into a certificate (docs/api.md). The first
// is all that a caller without a client certificate may reach; it learns nothing there but "unauthenticated", and may
// fail 1/s with 10 at once per source. Decisions are the Issuer's. Control loop.
#pragma once
#include "control/api/failure_limit.h"
#include "control/ca/issuer.h"
#include "lib/base/random.h"
#include "lib/rpc/http_server.h"

namespace heddle {
class IdentityApi {
 public:
  IdentityApi(Issuer& issuer, const Clock& clock, Random& random) : issuer_(issuer), clock_(clock), random_(random) {}
  // Sets the server's guard, too: it serves the watch beside this and nothing else.
  void serve_on(HttpServer&);

 private:
  RpcResponse attest(const RpcRequest&);
  RpcResponse renew(const RpcRequest&);
  RpcResponse answer(const SignedSvid&) const;
  Issuer& issuer_;
  const Clock& clock_;
  Random& random_;
  FailureLimit failures_;
};
}  // namespace heddle
