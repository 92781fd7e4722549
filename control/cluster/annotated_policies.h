// Policies from annotations of a Service (heddle.dev/...), so that a team gets timeouts, retries and health checks
// without a resource of its own: docs/kubernetes-annotations.md is the table. What is written here is judged by the
// parser of the resource that it becomes: a wrong value is a problem of that field. Pure.
#pragma once
#include <string>
#include <vector>

#include "lib/base/json.h"

namespace heddle {
// spec.loadBalancer of the Service's sets: heddle.dev/load-balancer, sessionAffinity, trafficDistribution.
void write_load_balancer(JsonWriter&, const JsonValue& service);
// A TrafficPolicy and a HealthPolicy for all sets of the Service, each "<service>.annotations"; none: nothing is said.
std::vector<JsonValue> annotated_policies(const JsonValue& service, const std::vector<std::string>& backend_sets);
// The annotation that a field of such a policy was made of, for problems: "heddle.dev/timeout"; empty: none.
std::string annotation_of(std::string_view kind, std::string_view field);
// Every annotation that is read of a Service, "heddle.dev/timeout" and the others, for the pages that list them.
std::vector<std::string> service_annotations();
}  // namespace heddle
