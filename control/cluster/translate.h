// The cluster's objects -> the resources of the mesh. Deterministic and total: whatever is wrong with one object takes
// that object out and is said of it; the others stay. What a team wrote itself wins over what annotations say. Pure;
// the cost is that of all objects, so it runs after a debounce, not for each event.
#pragma once
#include "control/cluster/service_resources.h"
#include "lib/api/envelope.h"

namespace heddle {
struct ClusterResource {
  Envelope envelope;
  std::optional<WallTime> created;  // of the object: the older of two routes wins a tie
  std::string object;               // it was made of, "Service shop/hello"
};

struct Translation {
  std::vector<ClusterResource> resources;  // by key
  ClusterProblems problems;
};

Translation translate(const ClusterObjects&, const ClusterSettings&);
}  // namespace heddle
