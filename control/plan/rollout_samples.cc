#include "control/plan/rollout_samples.h"

namespace heddle {
namespace {
void add(SidecarTraffic& to, const SidecarTraffic& more) {
  to.outbound.add(more.outbound);
  to.inbound.add(more.inbound);
}
}  // namespace

// Who changes sides within a stage begins anew.
void RolloutSamples::note(const NodeKey& key, const WatchReport& report, CohortSide side) {
  std::optional<SidecarTraffic> now = traffic_of(report.counters);
  if (!now) return;
  auto found = rows_.find(key);
  if (found == rows_.end() && rows_.size() >= kMaxSidecars) return;
  if (found == rows_.end() || found->second.side != side) {
    rows_.insert_or_assign(key, Row{*now, *now, {}, side});
    return;
  }
  Row& row = found->second;
  if (*now == row.last) return;
  if (row.has_begun) {
    add(row.since, {now->outbound.since(row.last.outbound), now->inbound.since(row.last.inbound)});
  } else {
    row.first = *now;
  }
  row.has_begun = true;
  row.last = *now;
}

RolloutEvidence RolloutSamples::evidence(Duration watched) const {
  RolloutEvidence out;
  out.watched = watched;
  for (const auto& [key, row] : rows_) {
    bool is_fresh = row.side == CohortSide::kFresh;
    add(is_fresh ? out.fresh : out.rest, row.since);
    if (is_fresh) add(out.before, row.first);
  }
  return out;
}
}  // namespace heddle
