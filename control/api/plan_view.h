// The answer to POST /v1/plan (docs/api.md): what a change would do. Pure.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "control/api/answers.h"
#include "control/plan/plan_diff.h"
#include "control/plan/plan_replay.h"
#include "control/plan/plan_routes.h"
#include "control/plan/plan_scope.h"

namespace heddle {
struct Plan {
  Version version;  // of the configuration in force
  PlanDiff diff;
  std::vector<ApiProblem> warnings;
  PlanRoutes routes;
  PlanScope scope;
  std::optional<PlanReplay> replay;  // nothing: no request was replayed
  std::vector<std::string> notes;    // why not, or what is missing
};
std::string plan_json(const Plan&);
}  // namespace heddle
