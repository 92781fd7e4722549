// The part of the WatchHub that counts the sidecars of other control planes.
#include "control/watch/watch_hub.h"

namespace heddle {
namespace {
bool is_remote(const NodeStatus& row) { return row.is_connected && !row.replica.empty(); }

std::optional<Version> refused_by(const NodeStatus& row) {
  if (row.state != NodeState::kRefused || !row.nack) return std::nullopt;
  return row.nack->version;
}

WatchLaggard remote_laggard(const NodeStatus& row, Version version) {
  WatchLaggard out{row.key, row.state, row.runs};
  out.refused_before = refused_by(row).value_or(version) < version;
  if (row.state == NodeState::kRefused) out.nack = row.nack;
  out.replica = row.replica;
  return out;
}
}  // namespace

// A refusal counts although nothing is heard of its replica now: the sidecar will say the same of the same content.
void WatchHub::note_replicas(MeshStanding& out) const {
  for (const ReplicaSight& replica : registry_.replicas()) {
    out.note_replica(replica.is_heard ? std::optional<Version>(replica.newest) : std::nullopt);
  }
  registry_.for_each([&out](const NodeStatus& row) {
    if (is_remote(row)) out.note(row.runs.value_or(Version{}), refused_by(row));
  });
}

// Of one that is not heard it is said once, not for each of its sidecars.
void WatchHub::add_replicas(WaitResult& out, Version version) const {
  std::set<std::string> unheard;
  for (const ReplicaSight& replica : registry_.replicas()) {
    if (replica.is_heard && replica.newest >= version) continue;
    WatchReplicaLag lag{replica.name, replica.connected, std::nullopt, replica.newest};
    if (!replica.is_heard) {
      lag.unheard = scheduler_.wall() - replica.since;
      unheard.insert(replica.name);
    }
    out.replicas.push_back(std::move(lag));
  }
  registry_.for_each([&](const NodeStatus& row) {
    bool is_late = is_remote(row) && row.runs.value_or(Version{}) < version;
    if (is_late && !(unheard.contains(row.replica) && !refused_by(row))) {
      out.behind.push_back(remote_laggard(row, version));
    }
  });
}
}  // namespace heddle
