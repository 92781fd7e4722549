#include "control/plan/rollout_sight.h"

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
namespace {
std::string refusal_of(const NodeStatus& row) {
  std::string out = str_cat(row.key.node, " refused it");
  if (!row.nack || row.nack->errors.empty()) return out;
  const WatchNackError& first = row.nack->errors.front();
  for (const std::string* part : {&first.resource, &first.path, &first.message}) {
    if (!part->empty()) out.append(": ").append(*part);
  }
  return out;
}
}  // namespace

void RolloutSight::begin(const Cohort& cohort, MonoTime now) {
  cohort_ = cohort;
  progress_ = {};
  lowest_.reset();
  refusal_.reset();
  begin_watch(now);
}

void RolloutSight::begin_watch(MonoTime now) {
  since_ = now;
  samples_.clear();
}

void RolloutSight::look(const NodeRegistry& registry, RolloutPhase phase) {
  progress_.members = progress_.live = progress_.reporting = progress_.others = 0;
  lowest_.reset();
  refusal_.reset();
  bool is_watched = phase != RolloutPhase::kPending;
  registry.for_each([&](const NodeStatus& row) {
    if (!row.is_connected || !row.is_affected) return;
    if (!is_watched) lowest_ = std::min(lowest_.value_or(kFullShare), Cohort::place(row.key));
    bool is_live = row.state == NodeState::kLive;
    if (!cohort_.contains(row.key)) {
      ++progress_.others;
      if (is_watched) samples_.note(row.key, row.report, CohortSide::kRest);
      return;
    }
    ++progress_.members;
    if (row.state == NodeState::kRefused) refusal_ = refusal_of(row);
    if (!is_live) return;
    ++progress_.live;
    if (traffic_of(row.report.counters)) ++progress_.reporting;
    if (is_watched) samples_.note(row.key, row.report, CohortSide::kFresh);
  });
}

const RolloutJudgement& RolloutSight::judge(const RolloutSpec& spec, MonoTime now) {
  progress_.seen = samples_.evidence(age(now));
  progress_.judgement = heddle::judge(spec, progress_.seen);
  return progress_.judgement;
}
}  // namespace heddle
