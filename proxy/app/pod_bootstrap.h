// The bootstrap of a sidecar in a Kubernetes pod: made of the environment that injection gives it
// (lib/inject/sidecar_parts.cc), not of a file. Pure; every problem names its variable. docs/proxy-config.md lists
// them.
#pragma once
#include <functional>
#include <map>
#include <string>

#include "proxy/app/settings.h"

namespace heddle {
using PodEnvironment = std::map<std::string, std::string, std::less<>>;

// What stands in `environment` ("NAME=value", the last one null) and is ours.
PodEnvironment pod_environment(const char* const* environment);
bool is_in_pod(const PodEnvironment&);
// The same as a file would say, as JSON. kConfigInvalid.
Result<std::string> pod_bootstrap(const PodEnvironment&);
Result<Settings> load_pod_bootstrap(const PodEnvironment&);
}  // namespace heddle
