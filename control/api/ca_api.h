// CaApi: GET /v1/ca and POST /v1/ca/{step}: the root's rotation for admins (docs/api.md). Every caller was recognised
// before; what a step needs is RotationPlan's to judge. Control loop.
#pragma once
#include "control/ca/ca_outlook.h"
#include "control/ca/ca_rotator.h"
#include "control/registry/node_registry.h"
#include "control/store/ledger.h"
#include "lib/rpc/http_server.h"

namespace heddle {
class CaApi {
 public:
  static constexpr size_t kMaxExceptions = 1000;
  struct Parts {
    CaRotator& rotator;
    const CaOutlook& outlook;
    const NodeRegistry& registry;
    Ledger& ledger;
    const Clock& clock;
  };
  explicit CaApi(const Parts& parts) : parts_(parts) {}
  RpcResponse show() const;
  // Body: nothing, or {"except":["<node or serial>"]}. Answers as show() does, when the step is durable.
  void step(const RpcRequest&, const Caller&, HttpServer::Respond);

 private:
  Result<RotationPlan> plan() const;
  RpcResponse answer(const Error&, RotationStep, const std::vector<Laggard>&) const;
  Parts parts_;
};
}  // namespace heddle
