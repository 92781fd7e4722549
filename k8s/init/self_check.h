// The self-check: are all rules there, and does a connection that leaves the pod really come to the sidecar's port? In
// place of the sidecar, which is not there yet, this listens on loopback; it connects to an address that nobody has (a
// documentation range), sees the connection arrive, and that its original destination is still known. Sends no bytes.
// Blocking, ten seconds at most for each IP version. Connections into the pod have no second pod to come from: of those
// the rules are compared.
#pragma once
#include <string>
#include <vector>

#include "k8s/init/interception_plan.h"
#include "k8s/init/rule_loader.h"

namespace heddle {
// What was seen, a line each; an error says what is wrong and what to do next.
Result<std::vector<std::string>> check_rules_work(RuleLoader&, const InterceptionPlan&);
// Whether this kernel has IPv6 at all.
bool kernel_has_ipv6();
}  // namespace heddle
