#include "control/registry/replica_rows.h"

#include <algorithm>

namespace heddle {
namespace {
bool is_of_nobody(const ReplicaRows::Rows::value_type& entry) { return entry.second.empty(); }
}  // namespace

const NodeStatus* newer_row(const NodeStatus* ours, const NodeStatus* theirs) {
  if (ours == nullptr || theirs == nullptr) return ours == nullptr ? theirs : ours;
  if (!theirs->is_connected) return ours;
  if (!ours->is_connected) return theirs;
  return theirs->connected > ours->connected ? theirs : ours;
}

const NodeStatus* ReplicaRows::best_of(const std::vector<NodeStatus>& rows) {
  const NodeStatus* best = nullptr;
  for (const NodeStatus& row : rows) best = newer_row(best, &row);
  return best;
}

const NodeStatus* ReplicaRows::find(const NodeKey& key) const {
  auto found = rows_.find(key);
  return found == rows_.end() ? nullptr : best_of(found->second);
}

ReplicaSight& ReplicaRows::sight(const std::string& name, WallTime now) {
  auto [at, is_new] = sights_.try_emplace(name);
  if (is_new) {
    at->second.name = name;
    at->second.since = now;
  }
  return at->second;
}

template <class F>
void ReplicaRows::for_each_of(const std::string& name, F&& f) {
  for (auto& [key, rows] : rows_) {
    for (NodeStatus& row : rows) {
      if (row.replica == name) f(row);
    }
  }
}

// While it is heard its connected sidecars are seen by somebody.
void ReplicaRows::heard(const std::string& name, WallTime now) {
  ReplicaSight& replica = sight(name, now);
  if (!replica.is_heard) replica.since = now;
  replica.is_heard = true;
  for_each_of(name, [now](NodeStatus& row) {
    if (row.is_connected) row.last_seen = now;
  });
}

void ReplicaRows::trust(const std::string& name, WatchTrustInUse uses) {
  auto known = sights_.find(name);
  if (known != sights_.end()) known->second.trust = std::move(uses);
}

void ReplicaRows::put(const std::string& name, NodeStatus status) {
  auto known = sights_.find(name);
  if (known == sights_.end()) return;
  ReplicaSight& replica = known->second;
  status.replica = name;
  if (status.state == NodeState::kLive) status.runs = replica.newest;
  std::vector<NodeStatus>& rows = rows_[status.key];
  auto found = std::find_if(rows.begin(), rows.end(), [&name](const NodeStatus& row) { return row.replica == name; });
  if (status.is_connected) ++replica.connected;
  if (found == rows.end()) {
    rows.push_back(std::move(status));
    return;
  }
  if (found->is_connected && replica.connected > 0) --replica.connected;
  *found = std::move(status);
}

void ReplicaRows::erase(const std::string& name, const NodeKey& key) {
  auto found = rows_.find(key);
  if (found == rows_.end()) return;
  auto known = sights_.find(name);
  std::erase_if(found->second, [&](const NodeStatus& row) {
    if (row.replica != name) return false;
    if (row.is_connected && known != sights_.end() && known->second.connected > 0) --known->second.connected;
    return true;
  });
  if (found->second.empty()) rows_.erase(found);
}

void ReplicaRows::keep_only(const std::string& name, const std::set<NodeKey>& keys) {
  std::vector<NodeKey> past;
  for_each_of(name, [&](const NodeStatus& row) {
    if (!keys.contains(row.key)) past.push_back(row.key);
  });
  for (const NodeKey& key : past) erase(name, key);
}

void ReplicaRows::newest(const std::string& name, Version version) {
  auto known = sights_.find(name);
  if (known == sights_.end() || known->second.newest == version) return;
  known->second.newest = version;
  for_each_of(name, [version](NodeStatus& row) {
    if (row.state == NodeState::kLive) row.runs = version;
  });
}

void ReplicaRows::silent(const std::string& name, WallTime now) {
  ReplicaSight& replica = sight(name, now);
  if (replica.is_heard) replica.since = now;
  replica.is_heard = false;
}

void ReplicaRows::gone(const std::string& name, WallTime now) {
  if (sights_.erase(name) == 0) return;
  for_each_of(name, [now](NodeStatus& row) {
    if (!row.is_connected) return;
    row.is_connected = false;
    row.state = NodeState::kGone;
    row.nack.reset();
    row.last_seen = now;
  });
}

// Those of a replica that is there are its own to forget.
void ReplicaRows::forget_gone(Duration keep, size_t most, WallTime now) {
  std::vector<WallTime> times;
  for (auto& [key, rows] : rows_) {
    std::erase_if(rows, [&](const NodeStatus& row) {
      if (row.is_connected || sights_.contains(row.replica)) return false;
      if (now - row.last_seen >= keep) return true;
      times.push_back(row.last_seen);
      return false;
    });
  }
  if (times.size() > most) {
    auto limit = times.begin() + static_cast<std::ptrdiff_t>(times.size() - most);
    std::nth_element(times.begin(), limit, times.end());
    for (auto& [key, rows] : rows_) {
      std::erase_if(rows, [&](const NodeStatus& row) {
        return !row.is_connected && !sights_.contains(row.replica) && row.last_seen < *limit;
      });
    }
  }
  std::erase_if(rows_, is_of_nobody);
}
}  // namespace heddle
