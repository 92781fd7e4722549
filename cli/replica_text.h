// Of GET /v1/status: what concerns the control planes, for people: a line where the store is not current, a table where
// there are several. Lenient like resource_table.h: a control plane that says nothing of it adds nothing. Pure.
#pragma once
#include <string>
#include <vector>

#include "cli/check_rules.h"
#include "cli/table.h"
#include "lib/base/json.h"

namespace heddle {
// Empty, or ends in a newline.
std::string replicas_text(const JsonValue& status, WallTime now, UseColor);
// For `heddle check`. Nothing where the control plane does not say.
std::vector<Finding> store_findings(const JsonValue& status, WallTime now);
}  // namespace heddle
