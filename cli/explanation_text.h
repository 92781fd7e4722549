// The answer of POST /v1/explain (lib/decision/explain.h) for people: the steps, the backend sets with their endpoints,
// then the verdict. Lenient like resource_table.h. Pure.
#pragma once
#include <string>

#include "cli/table.h"
#include "lib/base/json.h"

namespace heddle {
std::string explanation_text(const JsonValue& explanation, UseColor);
bool would_be_routed(const JsonValue& explanation);
}  // namespace heddle
