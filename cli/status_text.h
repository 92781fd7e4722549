// GET /v1/status for people: one line for each sidecar, then why any of them refused its version. Lenient like
// resource_table.h. Pure.
#pragma once
#include <string>

#include "cli/table.h"
#include "lib/base/json.h"

namespace heddle {
std::string status_text(const JsonValue& status, WallTime now, UseColor);
}  // namespace heddle
