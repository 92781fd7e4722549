// The answer to GET /v1/rollouts: what is rolled out, how far it is, and what was seen of it (docs/api.md). Pure.
#pragma once
#include "control/plan/rollout_keeper.h"

namespace heddle {
// {"rollout":null} when there was none.
std::string rollout_json(const RolloutKeeper&);
}  // namespace heddle
