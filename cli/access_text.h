// Tokens of the API for people: GET /v1/access and GET /v1/whoami, a line each, with roles as `heddle access create`
// takes them. Lenient like resource_table.h. Pure.
#pragma once
#include <string>

#include "cli/table.h"
#include "lib/base/json.h"

namespace heddle {
std::string access_list_text(const JsonValue& list, WallTime now, UseColor);
std::string whoami_text(const JsonValue& who, UseColor);
}  // namespace heddle
