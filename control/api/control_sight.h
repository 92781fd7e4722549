// What GET /v1/status says of the control planes themselves.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "control/registry/node_registry.h"
#include "control/store/journal_health.h"

namespace heddle {
struct ControlSight {
  std::string replica;                    // who answers, by name
  std::string store;                      // "sqlite", "etcd", "kubernetes"
  std::optional<JournalHealth> health{};  // of the store; nothing: what it shows is always the newest
  std::string ca_leader{};                // by name; empty: none is known to lead
  std::string rollout_leader{};
  std::vector<ReplicaSight> others{};
};
}  // namespace heddle
