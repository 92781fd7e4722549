// Containers of the application end when nobody sends to their pod any more: Kubernetes ends all containers of a pod at
// once, and calls them ended one by one; a server that obeys at once refuses whoever has not heard yet. A preStop that
// asks the sidecar (`GET /released` at its health port) is answered when everybody has. Containers with a preStop of
// their own keep it. Pure.
#pragma once
#include "lib/base/json.h"

namespace heddle {
inline constexpr std::string_view kReleasedPath = "/released";

// An array of containers, each with the hook where it has none.
JsonValue with_release_hooks(const JsonValue& containers);
// The way back: takes out what the above put in.
JsonValue without_release_hooks(const JsonValue& containers);
}  // namespace heddle
