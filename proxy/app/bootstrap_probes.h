// The key `applicationProbes` of the bootstrap (docs/proxy-config.md): probes as they stand in a pod's specification,
// by "<container>/<readyz|livez|startupz>" (lib/inject/probes.h writes them). Fields that are Kubelet's alone are
// passed over. What cannot be asked is no problem of the sidecar: it starts, and says so when it is asked. Pure.
#pragma once
#include "lib/base/json_reader.h"
#include "proxy/admin/application_probes.h"

namespace heddle {
inline constexpr size_t kMaxApplicationProbes = 300;
void read_application_probes(JsonObject& root, ApplicationProbeMap& out);
}  // namespace heddle
