// ReplicaRows: what other control planes told of their sidecars, kept apart from our own. A sidecar that several of
// them tell of is kept once for each; which of them counts is decided by newer_row(). Owned by the NodeRegistry;
// control loop. How many rows one replica may tell is limited by who reads them (control/replicas).
#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "control/registry/node_status.h"

namespace heddle {
// Of two rows of one sidecar, the one that is listed; nullptr where both are. Connected counts more than gone, then the
// later connection: so the control planes' clocks decide where a sidecar that moves is listed, for as long as both
// ends of its old connection take to notice. Of two that are gone the first argument.
const NodeStatus* newer_row(const NodeStatus* ours, const NodeStatus* theirs);

class ReplicaRows {
 public:
  using Rows = std::map<NodeKey, std::vector<NodeStatus>>;  // of each replica that tells of it one; never empty

  void heard(const std::string& name, WallTime now);
  void put(const std::string& name, NodeStatus);
  void erase(const std::string& name, const NodeKey&);
  void keep_only(const std::string& name, const std::set<NodeKey>& keys);
  void newest(const std::string& name, Version);
  void trust(const std::string& name, WatchTrustInUse);
  void silent(const std::string& name, WallTime now);
  void gone(const std::string& name, WallTime now);
  void forget_gone(Duration keep, size_t most, WallTime now);

  const Rows& rows() const noexcept { return rows_; }
  const NodeStatus* find(const NodeKey&) const;
  static const NodeStatus* best_of(const std::vector<NodeStatus>&);
  const std::map<std::string, ReplicaSight>& sights() const noexcept { return sights_; }

 private:
  template <class F>
  void for_each_of(const std::string& name, F&& f);
  ReplicaSight& sight(const std::string& name, WallTime now);
  Rows rows_;
  std::map<std::string, ReplicaSight> sights_;
};
}  // namespace heddle
