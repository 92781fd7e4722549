// The answer to GET /v1/status: who is connected, what each runs and how far it is behind. Pure.
#pragma once
#include "control/registry/node_registry.h"

namespace heddle {
std::string status_json(Version newest, WallTime now, const std::vector<NodeStatus>& rows);
}  // namespace heddle
