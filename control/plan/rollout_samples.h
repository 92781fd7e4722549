// RolloutSamples: from the reports of single sidecars to the evidence of a stage. A sidecar's part begins with the
// first report that it sends in the stage; from then on what is added between its reports counts. Who leaves keeps
// its part. In memory only: after a restart a stage is watched anew. Pure.
#pragma once
#include <map>

#include "control/plan/rollout_judge.h"
#include "control/registry/node_registry.h"

namespace heddle {
enum class CohortSide : uint8_t { kFresh, kRest };  // runs the change, or does not

class RolloutSamples {
 public:
  static constexpr size_t kMaxSidecars = 100'000;
  void clear() { rows_.clear(); }
  void note(const NodeKey&, const WatchReport&, CohortSide);
  RolloutEvidence evidence(Duration watched) const;

 private:
  struct Row {
    SidecarTraffic first;
    SidecarTraffic last;
    SidecarTraffic since{};
    CohortSide side;
    bool has_begun = false;  // what was there when it was first looked at may be of before the stage
  };
  std::map<NodeKey, Row> rows_;
};
}  // namespace heddle
