// The sidecars of other control planes, as far as they tell what these ask for (control/replicas): for plans, and what
// each should hold and holds, for the conditions of resources. What one holds is not told: it is the content of its
// scope at the version that it runs. Owned by the API; control loop.
#pragma once
#include "control/plan/plan_scope.h"
#include "control/watch/watch_hub.h"

namespace heddle {
// Everybody who is connected to a control plane of the mesh, each once. Of one that is not heard as they were then.
std::vector<PlanNode> plan_nodes(const WatchHub&, const NodeRegistry&);

class RemoteScopes {
 public:
  static constexpr size_t kMaxRequests = PlanScope::kMaxRequests;  // groups: each costs a scope or two
  struct Look {
    std::vector<HolderGroup> groups;
    std::vector<Version> rest;  // what those run that are beyond kMaxRequests
  };
  RemoteScopes(const Store& store, const NodeRegistry& registry, const StagedViews& staged)
      : store_(store), registry_(registry), staged_(staged) {}
  // Those of control planes that are heard.
  Look look();

 private:
  HolderGroup group_of(const NodeStatus&, ScopeCache& staged);
  const Store& store_;
  const NodeRegistry& registry_;
  const StagedViews& staged_;
  ScopeCache scopes_;
};
}  // namespace heddle
