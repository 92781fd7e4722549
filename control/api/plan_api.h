// PlanApi: POST /v1/plan: what an apply of the same body would do to resources, routes, sidecars and to the requests
// that sidecars remember (control/plan). Writes nothing; every question for remembered requests is a line in the audit
// log. Sidecars are named, and their requests asked for, where the caller may read that (access.h). Control loop. Cost:
// two snapshots of the whole store (explainer.h says what one costs), two scopes for each distinct want of a sidecar,
// and some 20 us for each request replayed, on that loop: hence the limits.
#pragma once
#include <functional>
#include <map>

#include "control/api/access_gate.h"
#include "control/api/answers.h"
#include "control/plan/plan_replay.h"
#include "control/plan/plan_scope.h"
#include "control/store/store.h"
#include "control/watch/facts_fetcher.h"
#include "lib/base/operation.h"
#include "lib/base/token_bucket.h"
#include "lib/base/unique_function.h"

namespace heddle {
class PlanApi {
 public:
  static constexpr size_t kMaxFacts = 20'000;    // replayed; of each sidecar as many
  static constexpr size_t kMaxNamespaces = 8;    // whose sidecars are asked, one after the other
  static constexpr Duration kFetchTimeout = 3s;  // of each: all of them within the 30 s that `heddle` waits
  static constexpr size_t kMaxJobs = 16;         // that wait for sidecars at once
  static constexpr int kPlansPerSecond = 2;      // of all callers; kRateLimited beyond
  static constexpr int kPlansAtOnce = 10;

  using Respond = UniqueFunction<void(RpcResponse)>;
  struct Parts {
    const Store& store;
    AuditSink& audit;
    const Clock& clock;
    std::string trust_domain;  // ours
    // Judges the whole after the change, as for apply.
    std::function<Admission(std::vector<ApiProblem>&)> admission;
    std::function<std::vector<PlanNode>()> nodes;
    // WatchHub::fetch_facts()
    std::function<Pending(FactsQuery, FactsFetcher::Done)> fetch_facts;
    AccessGate& gate;  // who may see the requests of a namespace
    // What else is under way and makes a plan of the newest version less than the whole; empty: nothing.
    std::function<std::string()> caveat{};
    // What is said of the sidecars that nodes() has not, since they are connected to other control planes; may be
    // empty.
    std::function<std::string()> elsewhere{};
  };
  explicit PlanApi(Parts parts);
  ~PlanApi();
  PlanApi(const PlanApi&) = delete;
  PlanApi& operator=(const PlanApi&) = delete;
  // Query `replay=false`: no request is fetched or replayed; without it, or with `true`, they are.
  void plan(const RpcRequest&, const Caller&, Respond);
  // Who waits for sidecars is told that this replica leaves.
  void drain();

 private:
  struct Job;
  Result<std::unique_ptr<Job>> prepare(const RpcRequest&, const Transaction&, std::vector<ApiProblem>&) const;
  std::vector<PlanNode> nodes_for(const RpcRequest&) const;
  void choose_namespaces(const RpcRequest&, Job&);
  void ask_next(uint64_t id);
  std::optional<Error> too_often();
  Parts parts_;
  std::map<uint64_t, std::unique_ptr<Job>> jobs_;
  uint64_t next_ = 1;
  TokenBucket rate_;
};
}  // namespace heddle
