// `tracing` of the bootstrap: where spans go and which requests have one. Private to proxy/app.
#pragma once
#include "lib/base/json_reader.h"
#include "proxy/app/settings.h"

namespace heddle {
void read_tracing(JsonObject& root, TracingSettings& out);
}  // namespace heddle
