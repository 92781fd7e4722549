// judge(): whether a stage may go on: what the sidecars with the change report since they have it, compared with what
// the others report of the same time, or, where those have too little to do, with what the first did before. Errors
// and rejects by the share of requests, latency by its mean; what applications ask (outbound) and what they answer
// (inbound) each for itself, because a bad route shows at both ends of a connection, and only one end has the change.
// Before the time is over, only what is far beyond chance rolls back; at its end, what is beyond the limit does. Pure.
#pragma once
#include "control/plan/rollout_spec.h"
#include "lib/api/traffic_counts.h"

namespace heddle {
struct RolloutEvidence {
  SidecarTraffic fresh;   // of those with the change, since they run it and the stage is watched
  SidecarTraffic rest;    // of the others in that time
  SidecarTraffic before;  // of those with the change, until then
  Duration watched{};
};

enum class RolloutVerdict : uint8_t {
  kContinue,
  kPromote,
  kRollBack,
  kStuck,  // nothing was seen that could be judged: somebody must decide
};

struct RolloutJudgement {
  RolloutVerdict verdict = RolloutVerdict::kContinue;
  std::string why;  // a sentence
};

// How long a stage may wait for requests, in times of its watch.
inline constexpr int kPatienceFactor = 10;

RolloutJudgement judge(const RolloutSpec&, const RolloutEvidence&);
}  // namespace heddle
