// JSON Patch (RFC 6902) that turns one value into another: objects member by member, arrays as a whole. What is equal
// has no operations. Pure.
#pragma once
#include "lib/base/json.h"

namespace heddle {
// A JSON array of operations; "[]": nothing to do.
std::string json_patch(const JsonValue& from, const JsonValue& to);
}  // namespace heddle
