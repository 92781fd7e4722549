// EtcdTrouble: what befalls a cluster and the ways to it, one piece at a time: members that are killed, fall silent and
// come back, ways that are cut (both directions) and healed. A way is a relay; each client is given ways of its own.
// The cluster outlives it.
#pragma once
#include <algorithm>
#include <memory>
#include <vector>

#include "tests/support/etcd_cluster.h"
#include "tests/support/tcp_relay.h"

namespace heddle {
class EtcdTrouble {
 public:
  explicit EtcdTrouble(EtcdCluster& cluster) : cluster_(cluster), members_(cluster.size(), Member::kAlive) {}
  // One relay to each member, for a new client.
  std::vector<EtcdEndpoint> add_ways() {
    std::vector<EtcdEndpoint> out;
    for (const EtcdEndpoint& member : cluster_.endpoints()) {
      ways_.push_back(std::make_unique<TcpRelay>(Address::loopback(member.port)));
      out.push_back({false, "127.0.0.1", ways_.back()->address().port()});
    }
    return out;
  }
  size_t ways() const { return ways_.size(); }
  // By client, then member.
  TcpRelay& way(size_t index) { return *ways_[index]; }

  bool is_alive(size_t member) const { return members_[member] == Member::kAlive; }
  size_t away() const {  // members
    return members_.size() - static_cast<size_t>(std::count(members_.begin(), members_.end(), Member::kAlive));
  }
  void kill(size_t member) {
    cluster_.kill(member);
    members_[member] = Member::kDead;
  }
  void silence(size_t member) {
    cluster_.silence(member);
    members_[member] = Member::kSilent;
  }
  void bring_back(size_t member) {
    if (members_[member] == Member::kDead) cluster_.restart(member);
    if (members_[member] == Member::kSilent) cluster_.wake(member);
    members_[member] = Member::kAlive;
  }
  // Everything is whole again.
  void end() {
    for (const auto& way : ways_) way->heal();
    for (size_t i = 0; i < members_.size(); ++i) bring_back(i);
  }

 private:
  enum class Member { kAlive, kDead, kSilent };
  EtcdCluster& cluster_;
  std::vector<Member> members_;
  std::vector<std::unique_ptr<TcpRelay>> ways_;
};
}  // namespace heddle
