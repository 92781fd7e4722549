// NodeRegistry: the sidecars of the mesh: who they are, what they run, what they refused. Those that are connected here
// are fed by the watch hub, those of other replicas by what these tell (control/replicas); read by `heddle status`, the
// CA's rotation, rollouts. A sidecar is (identity, node name, instance): two processes that were given one name are two
// rows while both are connected. One that left stays listed for a while, unless its name is there again. Bounded.
// Lives on the control loop; never decides anything.
#pragma once
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "control/registry/replica_rows.h"

namespace heddle {
class NodeRegistry {
 public:
  static constexpr size_t kMaxGone = 10'000;
  static constexpr Duration kKeepGone = 10min;
  // The newest connection of a sidecar is the one that counts.
  using ConnectionId = uint64_t;

  void on_hello(ConnectionId, const NodeKey&, const WatchHello&, WallTime now);
  void set_peer(ConnectionId, const NodeKey&, std::string_view address, std::string_view serial);
  void on_gone(ConnectionId, const NodeKey&, WallTime now);
  // Nothing happens when a newer connection took over.
  void on_request(ConnectionId, const NodeKey&, const NodeRequest&, WallTime now);
  // At each answer of each sidecar, and for each with each version: the connection alone says who it is.
  void on_progress(ConnectionId, const NodeProgress&, WallTime now);
  void on_nack(ConnectionId, const NodeKey&, const WatchNack&, WallTime now);
  void on_report(ConnectionId, const NodeKey&, const WatchReport&, WallTime now);
  void on_trust(ConnectionId, const NodeKey&, const WatchTrustInUse&, WallTime now);

  // What another replica tells of its own sidecars. Where a sidecar is connected here, or to several, the newest
  // connection is the one that is listed.
  // It is heard from now on, or still: all its rows are known.
  void on_replica(const std::string& name, WallTime now) { replicas_.heard(name, now); }
  // Nothing happens while it is not known. The version that a live row runs is the newest of its replica.
  void on_replica_row(const std::string& name, NodeStatus status) { replicas_.put(name, std::move(status)); }
  void on_replica_row_gone(const std::string& name, const NodeKey& key) { replicas_.erase(name, key); }
  // These are all: others of it are no more.
  void on_replica_rows(const std::string& name, const std::set<NodeKey>& keys) { replicas_.keep_only(name, keys); }
  void on_replica_newest(const std::string& name, Version version) { replicas_.newest(name, version); }
  // What it uses itself, without federated domains.
  void on_replica_trust(const std::string& name, WatchTrustInUse uses) { replicas_.trust(name, std::move(uses)); }
  // Nothing is heard of it, though it lives: its rows stay as they were, and what they run is not known to be true.
  // One that was not known is from now on, as silent.
  void on_replica_silent(const std::string& name, WallTime now) { replicas_.silent(name, now); }
  // It is no more: its sidecars are gone until they are seen elsewhere.
  void on_replica_gone(const std::string& name, WallTime now) { replicas_.gone(name, now); }
  std::vector<ReplicaSight> replicas() const;  // the others, by name
  bool has_replicas() const noexcept { return !replicas_.sights().empty(); }

  // Drops who has been gone for kKeepGone, and the oldest above kMaxGone.
  void forget_gone(WallTime now);

  // Of the whole mesh, each sidecar once.
  std::vector<NodeStatus> rows() const;  // sorted by key
  // The same, for people: where there are other replicas, each row names its own, also those of this one.
  std::vector<NodeStatus> named_rows() const;
  void set_own_name(std::string name) { own_name_ = std::move(name); }
  // f(const NodeStatus&), in that order, without copies.
  template <class F>
  void for_each(F&& f) const {
    if (replicas_.rows().empty()) return for_each_local(f);
    for (const NodeStatus* row : merged()) f(*row);
  }
  // Only those that are or were connected here, also those that are listed elsewhere by now.
  template <class F>
  void for_each_local(F&& f) const {
    for (const auto& [key, row] : rows_) f(row.status);
  }
  const NodeStatus* find(const NodeKey&) const;
  // Its newest connection to this replica, open or gone; 0: there was none.
  ConnectionId connection_of(const NodeKey&) const;
  size_t size() const { return replicas_.rows().empty() ? rows_.size() : merged().size(); }  // of rows()
  size_t remote_size() const noexcept { return replicas_.rows().size(); }  // at most so many of rows() are of others

 private:
  struct Row {
    ConnectionId connection = 0;
    NodeStatus status;
  };
  NodeStatus* row(ConnectionId, WallTime now);
  NodeStatus* row(ConnectionId, const NodeKey&, WallTime now);
  void forget_gone_twins(const NodeKey&);
  bool has_connected_twin(const NodeKey&) const;
  std::vector<const NodeStatus*> merged() const;
  std::string own_name_;
  uint64_t request_changes_ = 0;
  std::map<NodeKey, Row> rows_;  // ours
  // Of those that are connected, by what counts for them: after each commit everybody is looked up.
  std::unordered_map<ConnectionId, Row*> connected_;
  ReplicaRows replicas_;  // the others'
};
}  // namespace heddle
