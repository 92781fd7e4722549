// A Service of the cluster -> our Service, and a BackendSet for each of its TCP ports, "<service>.<port>". Pure.
// Who an endpoint must be is what its pod is: namespace and service account of a pod that has a sidecar. A pod without
// one is spoken to in plaintext; a pod that is not known yet is no endpoint yet, so that nothing goes in the clear only
// because one watch was faster than the other.
#pragma once
#include "control/cluster/cluster_objects.h"
#include "control/cluster/endpoint_slices.h"
#include "control/cluster/pod_facts.h"
#include "control/cluster/port_protocol.h"

namespace heddle {
struct ClusterSettings {
  std::string trust_domain = "cluster.local";
};

using PodIndex = std::map<ObjectRef, PodFacts>;
PodIndex index_pods(const ClusterObjects&);

struct ServiceParts {
  const JsonValue* service = nullptr;
  std::vector<const JsonValue*> slices{};  // of discovery.k8s.io, with the Service's label
  const JsonValue* endpoints = nullptr;    // of core/v1, where the cluster has no slices
};

struct ServiceContext {
  const PodIndex& pods;
  const std::set<std::string>& labels;  // the keys that subsets ask for: others are not taken along
  const ClusterSettings& settings;
};

std::string backend_set_name(std::string_view service, uint16_t port);
std::string_view set_protocol(PortProtocol of_the_port);  // of a BackendSet
// spec.visibility by heddle.dev/visibility: "mesh", "namespace", or identity patterns with commas.
void write_visibility(JsonWriter&, const JsonValue& service);
// Documents of kinds of ours; none: it is nothing for a mesh (ExternalName, only UDP), which is no problem.
std::vector<JsonValue> service_documents(const ServiceParts&, const ServiceContext&, ClusterProblems&);
}  // namespace heddle
