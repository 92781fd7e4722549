// GET /v1/rollouts for people: the stage, its verdict, and what sidecars with and without the change report. Lenient
// like resource_table.h. Pure.
#pragma once
#include <string>

#include "cli/table.h"
#include "lib/base/json.h"

namespace heddle {
std::string rollout_text(const JsonValue& answer, WallTime now, UseColor);
}  // namespace heddle
