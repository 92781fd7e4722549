// Which priority a request has where it is received: by the rules of the Workload's spec.overload, never by what the
// request says of itself. What is not known never helps the caller: a rule that raises must match for certain, one that
// lowers may match perhaps (as allow and deny rules do, lib/policy/authz.h); a rule that raises everybody raises no
// member of another trust domain. Pure, allocation-free.
#pragma once
#include <optional>

#include "lib/config/overload.h"
#include "lib/policy/authz.h"

namespace heddle {
// The Workload of that identity that says something about overload; the first by key. nullptr: none does.
std::shared_ptr<const WorkloadSpec> overload_of(const SpecMap<WorkloadSpec>&, const SpiffeId& identity);

struct PriorityVerdict {
  RequestPriority priority = RequestPriority::kDefault;
  std::optional<uint32_t> rule{};  // spec.overload.priorities[rule]; absent: none matches
  bool depends_on_port = false;    // a rule before it asks for the port, which is not known
};
PriorityVerdict priority_of(const OverloadSpec&, const AuthzFacts&) noexcept;

// What asks whether the application lives: refusing it would have a busy application restarted. GET or HEAD of
// /healthz, /livez, /readyz, and gRPC's health check. Others are for rules to name.
bool is_health_probe(const RequestHead&) noexcept;
}  // namespace heddle
