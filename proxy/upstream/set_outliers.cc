#include "proxy/upstream/set_outliers.h"

#include <algorithm>
#include <utility>

namespace heddle {
SetOutliers::SetOutliers(HealthTable& health, const ResourceKey& backend_set, const Clock& clock, Random& random)
    : group_(health.outliers().get(backend_set)), clock_(clock), random_(random) {}

// The old cells are let go last: who stays keeps what is known. Nearly all of a large set stay where they are, seen
// from one of its ends; only others are looked up.
void SetOutliers::update(Policy policy, std::span<const Endpoint> endpoints,
                         std::span<const std::shared_ptr<EndpointHealth>> health) {
  std::vector<Cell> before = std::exchange(cells_, {});
  std::vector<bool> had_weight = std::exchange(has_weight_, {});
  policy_ = std::move(policy);
  cells_.reserve(endpoints.size());
  auto is_same = [&](size_t was, size_t is) {
    return was < before.size() && had_weight[was] == (endpoints[is].weight > 0) &&
           before[was]->key() == endpoints[is].key;
  };
  for (size_t i = 0; i < endpoints.size(); ++i) {
    size_t from_end = before.size() - endpoints.size() + i;  // wraps to a number that is too large
    bool has_weight = endpoints[i].weight > 0;
    has_weight_.push_back(has_weight);
    if (is_same(i, i)) {
      cells_.push_back(before[i]);
    } else if (is_same(from_end, i)) {
      cells_.push_back(before[from_end]);
    } else {
      cells_.push_back(group_->get(endpoints[i].key, health[i], has_weight));
    }
  }
}

std::optional<SetOutliers::Due> SetOutliers::claim(MonoTime now, std::span<const uint32_t> tried) {
  if (group_->ejected() == 0 || now < next_look_) return std::nullopt;
  for (uint32_t i = 0; i < cells_.size(); ++i) {
    bool fits = has_weight_[i] && cells_[i]->is_due(now) && std::find(tried.begin(), tried.end(), i) == tried.end();
    if (!fits) continue;
    OutlierProbe probe = OutlierProbe::claim(cells_[i], now);
    if (!probe) continue;
    next_look_ = now + kLook;  // one that decides nothing is not followed by the next request at once
    return Due{i, std::move(probe)};
  }
  next_look_ = now + kLook;
  return std::nullopt;
}

bool SetOutliers::is_due(MonoTime now) {
  if (group_->ejected() == 0 || now < next_look_) return false;
  for (uint32_t i = 0; i < cells_.size(); ++i) {
    if (has_weight_[i] && cells_[i]->may_prove(now)) return true;
  }
  next_look_ = now + kLook;
  return false;
}

void SetOutliers::on_response(OutlierEndpoint& cell, OutlierProbe& probe, uint16_t status, Duration latency) {
  OutlierOutcome outcome = outlier_outcome({Reason::kNone, status, 0, 0});
  if (probe && outcome == OutlierOutcome::kSuccess) return decide(probe, outcome);
  if (spec().latency) cell.count_latency(latency);
}

void SetOutliers::on_outcome(OutlierEndpoint& cell, OutlierProbe& probe, const Outcome& outcome) {
  OutlierOutcome told = outlier_outcome(outcome);
  if (probe) return decide(probe, told);
  std::optional<Ejection> asked = cell.count(told, spec());
  if (asked) cell.group().eject(cell, *asked, spec(), clock_.now(), random_.unit());
}

void SetOutliers::decide(OutlierProbe& probe, OutlierOutcome told) {
  OutlierProbe decided = std::move(probe);  // says nothing: it is due again
  if (told == OutlierOutcome::kNothing) return;
  if (told == OutlierOutcome::kSuccess) return decided.succeed();
  decided.fail(spec(), clock_.now(), random_.unit());
}
}  // namespace heddle
