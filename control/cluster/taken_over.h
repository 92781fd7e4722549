// A resource of a kind of ours as the API server has it -> as an author would have written it: without what servers and
// tools of a cluster keep in metadata, with apiVersion and kind, which lists leave out; of a route without the parents
// that are no Services. Pure.
#pragma once
#include <optional>
#include <vector>

#include "lib/api/resource.h"
#include "lib/base/json.h"

namespace heddle {
// Nothing: a route all of whose parents are Gateways or of other kinds: it is not ours.
std::optional<JsonValue> taken_over(Kind, const JsonValue& object);

bool is_route(Kind) noexcept;
// The parents of a route that are Services, as they stand in spec.parentRefs.
std::vector<JsonValue> our_parents(const JsonValue& object);
}  // namespace heddle
