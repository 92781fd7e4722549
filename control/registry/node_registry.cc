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

// `out` has those of one name from `first` on: all connected, or all gone.
void add_of_name(std::vector<const NodeStatus*>& out, size_t first, const NodeStatus* next) {
  bool has_connected = first < out.size() && out[first]->is_connected;
  if (has_connected && !next->is_connected) return;
  if (!has_connected && next->is_connected) out.resize(first);
  out.push_back(next);
}
}  // namespace

std::string_view to_text(NodeState state) noexcept {
  constexpr std::string_view kNames[] = {"syncing", "live", "behind", "refused", "gone", "expired"};
  return kNames[static_cast<size_t>(state)];
}

void NodeRegistry::on_hello(ConnectionId connection, const NodeKey& key, const WatchHello& hello, WallTime now) {
  Row& row = rows_[key];
  bool is_reconnect = row.connection != connection;
  if (is_reconnect) connected_.erase(row.connection);
  connected_[connection] = &row;
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
  auto found = connected_.find(connection);
  if (found == connected_.end() || found->second->status.key != key) return;
  found->second->status.address = address;
  found->second->status.serial = serial;
}

void NodeRegistry::on_gone(ConnectionId connection, const NodeKey& key, WallTime now) {
  NodeStatus* status = row(connection, key, now);
  if (status == nullptr) return;
  set_state(*status, NodeState::kGone, now);
  connected_.erase(connection);
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

void NodeRegistry::on_progress(ConnectionId connection, const NodeProgress& progress, WallTime now) {
  NodeStatus* status = row(connection, now);
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

void NodeRegistry::on_request(ConnectionId connection, const NodeKey& key, const NodeRequest& request, WallTime now) {
  NodeStatus* status = row(connection, key, now);
  if (status == nullptr) return;
  status->request = std::make_shared<const NodeRequest>(request);
  status->request_change = ++request_changes_;
}

void NodeRegistry::on_report(ConnectionId connection, const NodeKey& key, const WatchReport& report, WallTime now) {
  if (NodeStatus* status = row(connection, key, now)) status->report = report;
}

void NodeRegistry::on_trust(ConnectionId connection, const NodeKey& key, const WatchTrustInUse& trust, WallTime now) {
  if (NodeStatus* status = row(connection, key, now)) status->trust = trust;
}

// Who is gone, or has a newer connection, has no row by this one.
NodeStatus* NodeRegistry::row(ConnectionId connection, WallTime now) {
  auto found = connected_.find(connection);
  if (found == connected_.end()) return nullptr;
  found->second->status.last_seen = now;
  return &found->second->status;
}

NodeStatus* NodeRegistry::row(ConnectionId connection, const NodeKey& key, WallTime now) {
  auto found = connected_.find(connection);
  bool is_its = found != connected_.end() && found->second->status.key == key;
  return is_its ? row(connection, now) : nullptr;
}

void NodeRegistry::forget_gone(WallTime now) {
  replicas_.forget_gone(kKeepGone, kMaxGone, now);
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
  for_each([&out](const NodeStatus& status) { out.push_back(status); });
  return out;
}

std::vector<NodeStatus> NodeRegistry::named_rows() const {
  std::vector<NodeStatus> out = rows();
  if (!has_replicas()) return out;
  for (NodeStatus& row : out) {
    if (row.replica.empty()) row.replica = own_name_;
  }
  return out;
}

std::vector<ReplicaSight> NodeRegistry::replicas() const {
  std::vector<ReplicaSight> out;
  for (const auto& [name, sight] : replicas_.sights()) out.push_back(sight);
  return out;
}

// Both are sorted by key. As here, so in the mesh: who is gone is not missed where his name is connected.
std::vector<const NodeStatus*> NodeRegistry::merged() const {
  std::vector<const NodeStatus*> out;
  out.reserve(rows_.size() + replicas_.rows().size());
  size_t first_of_name = 0;
  auto ours = rows_.begin();
  auto theirs = replicas_.rows().begin();
  while (ours != rows_.end() || theirs != replicas_.rows().end()) {
    bool is_ours = theirs == replicas_.rows().end() || (ours != rows_.end() && ours->first <= theirs->first);
    bool is_theirs = ours == rows_.end() || (theirs != replicas_.rows().end() && theirs->first <= ours->first);
    const NodeStatus* local = is_ours ? &(ours++)->second.status : nullptr;
    const NodeStatus* next = newer_row(local, is_theirs ? ReplicaRows::best_of((theirs++)->second) : nullptr);
    if (first_of_name < out.size() && !out[first_of_name]->key.has_name_of(next->key)) first_of_name = out.size();
    add_of_name(out, first_of_name, next);
  }
  return out;
}

NodeRegistry::ConnectionId NodeRegistry::connection_of(const NodeKey& key) const {
  auto found = rows_.find(key);
  return found == rows_.end() ? 0 : found->second.connection;
}

const NodeStatus* NodeRegistry::find(const NodeKey& key) const {
  auto found = rows_.find(key);
  return newer_row(found == rows_.end() ? nullptr : &found->second.status, replicas_.find(key));
}
}  // namespace heddle
