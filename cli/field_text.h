// A row of the field table for people, and what is below it. Pure.
#pragma once
#include <string>

#include "lib/base/json.h"
#include "lib/config/field_table.h"

namespace heddle {
// `path` as "spec.rules"; empty: the whole kind.
Result<std::string> field_text(Kind, const std::string& path);
// {"kind", "path", "schema"}
Result<JsonValue> field_json(Kind, const std::string& path);
}  // namespace heddle
