#include "lib/policy/priority.h"

#include <algorithm>

namespace heddle {
namespace {
// Rules that raise are obeyed as what allows, others as what denies.
AuthzAction as_action(RequestPriority priority) noexcept {
  return priority < RequestPriority::kDefault ? AuthzAction::kAllow : AuthzAction::kDeny;
}
}  // namespace

std::shared_ptr<const WorkloadSpec> overload_of(const SpecMap<WorkloadSpec>& workloads, const SpiffeId& identity) {
  for (const auto& [key, workload] : workloads) {
    if (workload->overload != nullptr && workload->identity == identity) return workload;
  }
  return nullptr;
}

PriorityVerdict priority_of(const OverloadSpec& spec, const AuthzFacts& facts) noexcept {
  PriorityVerdict out;
  for (uint32_t i = 0; i < spec.priorities.size(); ++i) {
    const PriorityRule& rule = spec.priorities[i];
    AuthzAction action = as_action(rule.priority);
    RuleOutcome outcome = judge_rule(action, rule.match, facts);
    out.depends_on_port = out.depends_on_port || outcome.why == AuthzWhy::kPortNotKnown;
    if (!counts(action, outcome)) continue;
    out.priority = rule.priority;
    out.rule = i;
    return out;
  }
  return out;
}

bool is_health_probe(const RequestHead& head) noexcept {
  constexpr std::string_view kPaths[] = {"/healthz", "/livez", "/readyz"};
  std::string_view path = head.path();
  if (path == "/grpc.health.v1.Health/Check") return head.method() == "POST";
  if (head.method() != "GET" && head.method() != "HEAD") return false;
  path = path.substr(0, path.find('?'));
  return std::find(std::begin(kPaths), std::end(kPaths), path) != std::end(kPaths);
}
}  // namespace heddle
