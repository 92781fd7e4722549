// PodFacts: what a backend set needs to know of a pod: who it is, whether it has a sidecar, whether it is leaving.
// Pure.
#pragma once
#include "control/cluster/cluster_objects.h"

namespace heddle {
// Where a sidecar takes requests of the mesh when nothing is redirected to it (lib/inject/sidecar_parts.h).
inline constexpr uint16_t kSidecarInbound = 15006;

struct PodFacts {
  ObjectRef ref;
  std::string service_account;  // "default" if the pod says none
  std::string uid;
  std::string node;
  bool is_meshed = false;    // it has a container heddle-proxy: what it runs, not what an annotation promises
  bool is_explicit = false;  // nothing is redirected to its sidecar: it is reached at the sidecar's own port
  bool is_leaving = false;   // deletionTimestamp: sooner than its EndpointSlice says so
  Labels labels;
  std::optional<uint32_t> weight;  // heddle.dev/weight
  std::string wrong_weight;        // what it says instead of one; it then has none
};

// A number of 0 to kMaxEndpointWeight.
std::optional<uint32_t> read_endpoint_weight(std::string_view text);
inline constexpr std::string_view kEndpointWeightExpected = "expected a number of 0 to 1000000; 0 gets nothing";

PodFacts read_pod(const JsonValue& pod);
// What read_pod() reads, and no more: a cluster has many pods, and their statuses change all the time.
JsonValue pod_essentials(const JsonValue& pod);
}  // namespace heddle
