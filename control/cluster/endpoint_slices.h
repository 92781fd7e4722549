// EndpointSlices: the endpoints of one Service as the cluster says them, in one form whatever API says it:
// discovery.k8s.io/v1, v1beta1, or core/v1 Endpoints. Which of them get traffic is decided here, by the rules of
// kube-proxy: ready ones; if none is ready, those that still serve while they end. Pure.
#pragma once
#include "control/cluster/cluster_objects.h"

namespace heddle {
struct SliceEndpoint {
  Address address;  // with the port
  bool ready = true;
  bool serving = true;
  bool terminating = false;
  std::string zone;
  std::optional<ObjectRef> pod;  // targetRef; nothing: nobody's pod (written by hand)
};

// One port of one slice: every slice of a Service is read for each of the Service's ports, by the port's name.
// `target`: used where the slice's port has no number (all ports). IPv4 and IPv6; FQDN slices have nothing for us.
std::vector<SliceEndpoint> read_slice(const JsonValue& slice, std::string_view port_name, uint16_t target);
std::vector<SliceEndpoint> read_endpoints(const JsonValue& endpoints, std::string_view port_name);

// Without doubles (an endpoint stands in two slices while it moves: the one that is ready counts), by address. With
// `not_ready_too` (publishNotReadyAddresses) all of them.
std::vector<SliceEndpoint> usable(std::vector<SliceEndpoint> all, bool not_ready_too);
}  // namespace heddle
