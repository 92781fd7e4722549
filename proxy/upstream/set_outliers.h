// SetOutliers: passive judgement of one backend set on one worker: counts outcomes in the cells that all workers share,
// ejects at once when a row of errors is long enough, and hands the one request that proves an endpoint whose time is
// over to whom it belongs. There is one only where a HealthPolicy says `outlier`. Belongs to one loop; no allocation,
// and no lock but for an ejection or a return.
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "lib/base/random.h"
#include "proxy/resilience/health_table.h"

namespace heddle {
class SetOutliers {
 public:
  using Policy = std::shared_ptr<const HealthPolicySpec>;
  using Cell = std::shared_ptr<OutlierEndpoint>;
  // Of this index in the backend set.
  struct Due {
    uint32_t index = 0;
    OutlierProbe probe;
  };

  SetOutliers(HealthTable&, const ResourceKey& backend_set, const Clock&, Random&);
  // Endpoints and health in the order of the set.
  void update(Policy, std::span<const Endpoint>, std::span<const std::shared_ptr<EndpointHealth>>);
  const Cell& cell(uint32_t index) const noexcept { return cells_[index]; }
  // An endpoint that is due and was not tried. Looks every kLook, and only while somebody is ejected.
  std::optional<Due> claim(MonoTime now, std::span<const uint32_t> tried);
  // Whether claim() has somebody now, so that a request should come although others are better off.
  bool is_due(MonoTime now);

  // What a try told; `cell` may be of an endpoint that has left the set. A try that proves an endpoint (`probe`) is
  // decided by the first head, and by the end where none came.
  void on_response(OutlierEndpoint& cell, OutlierProbe& probe, uint16_t status, Duration latency);
  void on_outcome(OutlierEndpoint& cell, OutlierProbe& probe, const Outcome&);

 private:
  static constexpr Duration kLook = 100ms;
  const OutlierSpec& spec() const noexcept { return *policy_->outlier; }
  void decide(OutlierProbe&, OutlierOutcome);
  std::shared_ptr<OutlierGroup> group_;
  const Clock& clock_;
  Random& random_;
  Policy policy_;
  std::vector<Cell> cells_;
  std::vector<bool> has_weight_;
  MonoTime next_look_;
};
}  // namespace heddle
