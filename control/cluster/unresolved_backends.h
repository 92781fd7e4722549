// Which problems of a route of the cluster are a backendRef that leads nowhere, and the route as it stays in force with
// it: the reference keeps its weight and says why, in the field `unresolved` (lib/config/unresolved.h). Pure.
#pragma once
#include <optional>
#include <string_view>

#include "lib/base/json.h"

namespace heddle {
// Why, in the words of the Gateway API: "BackendNotFound", "InvalidKind". Nothing: the field is none of a backendRef
// that says where it leads. Those of a mirror count as well.
std::optional<std::string_view> unresolved_reason(std::string_view field);

// `field`: "spec.rules[0].backendRefs[1].name". Nothing: it is that of no backendRef of a rule (but of a mirror, say),
// or the document has none there.
std::optional<JsonValue> with_unresolved(const JsonValue& route, std::string_view field, std::string_view message);
}  // namespace heddle
