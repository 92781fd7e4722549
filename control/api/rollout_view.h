// The answer to GET /v1/rollouts: what is rolled out, how far it is, and what was seen of it (docs/api.md). Pure.
#pragma once
#include "control/api/answers.h"
#include "control/plan/rollout_keeper.h"

namespace heddle {
// {"rollout":null} when there was none; "warnings" where there are some.
std::string rollout_json(const RolloutKeeper&, const std::vector<ApiProblem>& warnings = {});
}  // namespace heddle
