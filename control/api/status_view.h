// The answer to GET /v1/status: who is connected, what each runs and how far it is behind, and whose certificate ran
// out; which control plane says so, how old its store may be, and the others. Pure.
#pragma once
#include "control/api/control_sight.h"
#include "control/registry/node_registry.h"
#include "control/store/ledger.h"

namespace heddle {
// Adds to each sidecar until when its newest certificate is valid, and the sidecars that are known by an expired
// certificate only: after a restart of the control plane nothing else tells of them, for they cannot connect.
std::vector<NodeStatus> join_certificates(std::vector<NodeStatus> rows, const std::vector<Lineage>&, WallTime now);

std::string status_json(Version newest, WallTime now, const ControlSight&, const std::vector<NodeStatus>& rows);
}  // namespace heddle
