// GET /v1/federation for people: a line for each federated trust domain, what is wrong with it, and how many sidecars
// use the newest. Lenient like resource_table.h. Pure.
#pragma once
#include <string>

#include "cli/table.h"
#include "lib/base/json.h"

namespace heddle {
std::string federation_text(const JsonValue& federation, WallTime now, UseColor);
}  // namespace heddle
