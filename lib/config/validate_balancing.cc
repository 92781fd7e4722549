#include "lib/config/validate_balancing.h"

#include "lib/base/strings.h"
#include "lib/config/effective_backend_set.h"

namespace heddle {
namespace {
using Policies = std::map<ObjectRef, std::shared_ptr<const TrafficPolicySpec>>;

std::string target_path(size_t i, std::string_view field) {
  return str_cat("spec.targetRefs[", std::to_string(i), "]", field);
}

void check_subset(const Model& model, const BackendSetSpec& set, ConfigProblems& problems) {
  auto problem = [&](std::string message) { problems.add(set.key, "spec.subsetOf.name", std::move(message)); };
  const std::string& name = set.subset->parent;
  const BackendSetSpec* parent = find_spec(model.backend_sets, Kind::kBackendSet, {set.key.ns, name});
  if (parent == nullptr)
    return problem(str_cat("no BackendSet ", in_quotes(name), " in namespace ", in_quotes(set.key.ns)));
  if (is_subset(*parent)) {
    problem(str_cat("BackendSet ", in_quotes(name), " is a subset itself: name its parent ",
                    in_quotes(parent->subset->parent), " and all the labels"));
  }
  if (parent->dns)
    problem(str_cat("BackendSet ", in_quotes(name), " is looked up in DNS: what is found has no labels"));
}

void check_health_targets(const Model& model, const HealthPolicySpec& policy, ConfigProblems& problems) {
  for (size_t i = 0; i < policy.targets.size(); ++i) {
    ObjectRef ref{policy.key.ns, policy.targets[i]};
    const BackendSetSpec* set = find_spec(model.backend_sets, Kind::kBackendSet, ref);
    if (set == nullptr || !is_subset(*set)) continue;
    problems.add(policy.key, target_path(i, ".name"),
                 str_cat("BackendSet ", in_quotes(ref.name), " is a subset of ", in_quotes(set->subset->parent),
                         ", by whose HealthPolicy its endpoints are checked"));
  }
}

Policies by_target(const Model& model) {
  Policies out;
  for (const auto& [key, policy] : model.traffic_policies) {
    for (const std::string& target : policy->targets) out.emplace(ObjectRef{key.ns, target}, policy);
  }
  return out;
}

std::shared_ptr<const TrafficPolicySpec> policy_in(const Policies& policies, const ResourceKey& set) {
  auto found = policies.find({set.ns, set.name});
  return found == policies.end() ? nullptr : found->second;
}

void check_target(const Model& model, const Policies& policies, const TrafficPolicySpec& policy,
                  const ResourceKey& target, ConfigProblems& problems) {
  auto set = model.backend_sets.find(target);
  if (set == model.backend_sets.end()) return;
  BackendSetParts parts{set->second, nullptr, policy_in(policies, target), nullptr};
  if (is_subset(*set->second)) {
    auto parent = model.backend_sets.find(parent_or_own_key(*set->second));
    if (parent == model.backend_sets.end()) return;  // said already
    parts.parent = parent->second;
    parts.parent_traffic = policy_in(policies, parent->first);
  }
  for (const LbConflict& conflict : lb_conflicts(effective_lb(parts))) {
    problems.add(policy.key, str_cat("spec.loadBalancer.", conflict.field),
                 str_cat(conflict.message, " (with what BackendSet ", in_quotes(target.name), " says)"));
  }
}
}  // namespace

void check_subsets(const Model& model, ConfigProblems& problems) {
  for (const auto& [key, set] : model.backend_sets) {
    if (is_subset(*set)) check_subset(model, *set, problems);
  }
  for (const auto& [key, policy] : model.health_policies) check_health_targets(model, *policy, problems);
}

void check_policy_balancing(const Model& model, ConfigProblems& problems) {
  Policies policies;  // looked up only where one says something
  for (const auto& [key, policy] : model.traffic_policies) {
    if (!policy->lb) continue;
    if (policies.empty()) policies = by_target(model);
    for (const std::string& target : policy->targets) {
      check_target(model, policies, *policy, {Kind::kBackendSet, key.ns, target}, problems);
    }
  }
}
}  // namespace heddle
