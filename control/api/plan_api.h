// PlanApi: POST /v1/plan: what an apply of the same body would do to resources, routes, sidecars and to the requests
// that sidecars remember (control/plan). Writes nothing; every fetch of remembered requests is a line in the audit log.
// Control loop. Cost: two snapshots of the whole store (explainer.h says what one costs), two scopes for each distinct
// want of a sidecar, and some 20 us for each request replayed, on that loop: hence the limits.
#pragma once
#include <functional>

#include "control/api/access_gate.h"
#include "control/api/answers.h"
#include "control/plan/plan_replay.h"
#include "control/plan/plan_scope.h"
#include "control/store/store.h"
#include "lib/base/unique_function.h"

namespace heddle {
class PlanApi {
 public:
  static constexpr size_t kMaxFacts = 20'000;   // replayed; of each sidecar as many
  static constexpr size_t kMaxNamespaces = 32;  // whose sidecars are asked

  using OnFacts = UniqueFunction<void(std::vector<SidecarFacts>, std::string note)>;
  using Respond = UniqueFunction<void(RpcResponse)>;
  struct Parts {
    const Store& store;
    AuditSink& audit;
    const Clock& clock;
    std::string trust_domain;  // ours
    // Judges the whole after the change, as for apply.
    std::function<Admission(std::vector<ApiProblem>&)> admission;
    std::function<std::vector<PlanNode>()> nodes;
    // Asks the sidecars of one namespace for the requests they remember; answers once, at once or later. The note says
    // what is missing; empty: nothing.
    std::function<void(const std::string& ns, OnFacts)> fetch_facts;
    AccessGate& gate;  // who may see the requests of a namespace
  };
  explicit PlanApi(Parts parts) : parts_(std::move(parts)) {}
  // Query `replay=false`: no request is fetched or replayed.
  void plan(const RpcRequest&, const Caller&, Respond);

 private:
  struct Job;
  Result<std::shared_ptr<Job>> prepare(const Transaction&, std::vector<ApiProblem>&) const;
  void start_replay(const std::shared_ptr<Job>&, const RpcRequest&, const Caller&);
  void fetch(const std::shared_ptr<Job>&, const std::vector<std::string>& namespaces, const Caller&);
  Parts parts_;
};
}  // namespace heddle
