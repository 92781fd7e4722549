// The answer to GET /v1/ca: phase, roots, and who uses what; and who counts as a live sidecar. Pure.
#pragma once
#include "control/ca/ca_outlook.h"
#include "control/ca/ca_rotator.h"
#include "control/registry/node_registry.h"
#include "control/store/ledger.h"

namespace heddle {
// Everybody who is connected, and everybody whose newest certificate is still valid.
std::vector<LiveSidecar> live_sidecars(const std::vector<NodeStatus>& rows, const std::vector<Lineage>&, WallTime now);

// The other control planes that are there, heard or not.
std::vector<ControlPlaneTrust> other_control_planes(const std::vector<ReplicaSight>&, WallTime now);

struct CaView {
  const CaState& state;
  const DomainRoots& bundle;
  const CaOutlook& outlook;
};
std::string ca_json(const CaView&, const RotationPlan&);
}  // namespace heddle
