#include "control/api/bundle_answer.h"

#include "certs/jwks.h"

namespace heddle {
RpcResponse bundle_answer(const DomainRoots& roots) {
  Result<std::string> jwks = to_jwks(roots);
  if (!jwks) return RpcResponse::error(make_error(Reason::kUnavailable, "the bundle cannot be published"));
  RpcResponse answer = RpcResponse::json(200, *std::move(jwks));
  // A copy kept by somebody in between would hide a revocation.
  answer.headers.emplace_back("cache-control", "no-store");
  return answer;
}
}  // namespace heddle
