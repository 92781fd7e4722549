#include "control/registry/node_registry.h"

#include <algorithm>

namespace heddle {
namespace {
bool is_late(NodeState state) { return state == NodeState::kBehind || state == NodeState::kRefused; }

void set_state(NodeStatus& status, NodeState state, WallTime now) {
  if (is_late(state) && !is_late(status.state)) status.behind_since = now;
  if (state != NodeState::kRefused) status.nack.reset();
  status.state = state;
  status.is_connected = state != NodeState::kGone;
}
}  // namespace

std::string_view to_text(NodeState state) noexcept {
  constexpr std::string_view kNames[] = {"syncing", "live", "behind", "refused", "gone", "expired"};
  return kNames[static_cast<size_t>(state)];
}

void NodeRegistry::on_hello(ConnectionId connection, const NodeKey& key, const WatchHello& hello, WallTime now) {
  Row& row = rows_[key];
  bool is_reconnect = row.connection != connection;
  row.connection = connection;
  row.status.key = key;
  row.status.software = hello.software;
  row.status.features = hello.features;
  row.status.acked = hello.version;
  row.status.runs.reset();
  row.status.last_seen = now;
  if (is_reconnect) row.status.connected = now;
  if (is_reconnect) row.status.trust.reset();
  set_state(row.status, NodeState::kSyncing, now);
  forget_gone_twins(key);
}

void NodeRegistry::set_peer(ConnectionId connection, const NodeKey& key, std::string_view address,
                            std::string_view serial) {
  auto found = rows_.find(key);
  if (found == rows_.end() || found->second.connection != connection) return;
  found->second.status.address = address;
  found->second.status.serial = serial;
}

void NodeRegistry::on_gone(ConnectionId connection, const NodeKey& key, WallTime now) {
  NodeStatus* status = row(connection, key, now);
  if (status == nullptr) return;
  set_state(*status, NodeState::kGone, now);
  if (has_connected_twin(key)) rows_.erase(key);
}

// A process that started anew is another instance: what ran before it is no sidecar that is missed.
void NodeRegistry::forget_gone_twins(const NodeKey& key) {
  for (auto at = rows_.lower_bound(key.name()); at != rows_.end() && at->first.name() == key.name();) {
    bool is_past = at->first != key && !at->second.status.is_connected;
    at = is_past ? rows_.erase(at) : std::next(at);
  }
}

bool NodeRegistry::has_connected_twin(const NodeKey& key) const {
  for (auto at = rows_.lower_bound(key.name()); at != rows_.end() && at->first.name() == key.name(); ++at) {
    if (at->first != key && at->second.status.is_connected) return true;
  }
  return false;
}

void NodeRegistry::on_progress(ConnectionId connection, const NodeKey& key, const NodeProgress& progress,
                               WallTime now) {
  NodeStatus* status = row(connection, key, now);
  if (status == nullptr) return;
  set_state(*status, progress.state, now);
  status->acked = progress.acked;
  status->runs = progress.runs;
  status->is_affected = progress.is_affected;
}

void NodeRegistry::on_nack(ConnectionId connection, const NodeKey& key, const WatchNack& nack, WallTime now) {
  NodeStatus* status = row(connection, key, now);
  if (status == nullptr) return;
  set_state(*status, NodeState::kRefused, now);
  status->nack = nack;
}

void NodeRegistry::on_report(ConnectionId connection, const NodeKey& key, const WatchReport& report, WallTime now) {
  if (NodeStatus* status = row(connection, key, now)) status->report = report;
}

void NodeRegistry::on_trust(ConnectionId connection, const NodeKey& key, const WatchTrustInUse& trust, WallTime now) {
  if (NodeStatus* status = row(connection, key, now)) status->trust = trust;
}

NodeStatus* NodeRegistry::row(ConnectionId connection, const NodeKey& key, WallTime now) {
  auto found = rows_.find(key);
  if (found == rows_.end() || found->second.connection != connection) return nullptr;
  found->second.status.last_seen = now;
  return &found->second.status;
}

void NodeRegistry::forget_gone(WallTime now) {
  std::vector<WallTime> times;
  std::erase_if(rows_, [&](const auto& entry) {
    const NodeStatus& status = entry.second.status;
    if (status.state != NodeState::kGone) return false;
    if (now - status.last_seen >= kKeepGone) return true;
    times.push_back(status.last_seen);
    return false;
  });
  if (times.size() <= kMaxGone) return;
  auto limit = times.begin() + static_cast<std::ptrdiff_t>(times.size() - kMaxGone);
  std::nth_element(times.begin(), limit, times.end());
  std::erase_if(rows_, [&](const auto& entry) {
    const NodeStatus& status = entry.second.status;
    return status.state == NodeState::kGone && status.last_seen < *limit;
  });
}

std::vector<NodeStatus> NodeRegistry::rows() const {
  std::vector<NodeStatus> out;
  out.reserve(rows_.size());
  for (const auto& [key, row] : rows_) out.push_back(row.status);
  return out;
}

NodeRegistry::ConnectionId NodeRegistry::connection_of(const NodeKey& key) const {
  auto found = rows_.find(key);
  return found == rows_.end() ? 0 : found->second.connection;
}

const NodeStatus* NodeRegistry::find(const NodeKey& key) const {
  auto found = rows_.find(key);
  return found == rows_.end() ? nullptr : &found->second.status;
}
}  // namespace heddle
