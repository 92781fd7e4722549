// The keys of a listener with `intercept: true` (docs/proxy-config.md). Pure.
#pragma once
#include "lib/base/json_reader.h"
#include "proxy/app/settings.h"

namespace heddle {
// `out` has name, direction, address, protocol and proxyProtocol already.
void read_intercepted(JsonObject& at, ListenerSettings& out);
}  // namespace heddle
