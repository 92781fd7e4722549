#include "control/plan/plan_scope.h"

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
namespace {
std::string name_of(const NodeKey& key) { return str_cat(key.node, " (", key.identity, ")"); }

void keep_some(std::vector<std::string>& names) {
  std::sort(names.begin(), names.end());
  if (names.size() > PlanScope::kMaxNames) names.resize(PlanScope::kMaxNames);
}
}  // namespace

PlanScope plan_scope(const View& before, const View& after, const std::vector<PlanNode>& nodes) {
  PlanScope out;
  out.sidecars = nodes.size();
  if (before.version() == after.version()) return out;
  ScopeCache scopes_before;
  ScopeCache scopes_after;
  scopes_before.advance(before);
  scopes_after.advance(after);
  for (const PlanNode& node : nodes) {
    if (scopes_after.distinct() >= PlanScope::kMaxRequests) {
      ++out.not_compared;
      continue;
    }
    if (scopes_before.current(node.request).set->hash == scopes_after.current(node.request).set->hash) continue;
    ++out.affected;
    if (node.is_named) out.names.push_back(name_of(node.key));
    if (auto workload = node.request.identity.workload()) out.namespaces.emplace(workload->name_space);
    if (!node.is_refusing) continue;
    ++out.refusing_count;
    if (node.is_named) out.refusing.push_back(name_of(node.key));
  }
  keep_some(out.names);
  keep_some(out.refusing);
  return out;
}
}  // namespace heddle
