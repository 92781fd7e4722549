// GET /v1/ca for people: the roots, who uses what, and what comes next. Lenient like resource_table.h. Pure.
#pragma once
#include <string>
#include <vector>

#include "cli/table.h"
#include "lib/base/json.h"

namespace heddle {
std::string ca_text(const JsonValue& ca, WallTime now, UseColor);
// The authority is given by files: the root is somebody else's.
bool ca_is_given(const JsonValue& ca);
// "web-1 (spiffe://...) is not connected": who the next step waits for.
std::vector<std::string> ca_laggards(const JsonValue& ca);
// "2 sidecars and 1 control plane".
std::string ca_laggard_count(const JsonValue& ca);
}  // namespace heddle
