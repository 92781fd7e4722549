// The answer of POST /v1/plan for people: changes, routes, sidecars, traffic, each in its section; the last line says
// what it comes to. Lenient like resource_table.h. Pure.
#pragma once
#include <string>

#include "lib/base/json.h"

namespace heddle {
std::string plan_text(const JsonValue& plan);
bool would_change(const JsonValue& plan);
}  // namespace heddle
