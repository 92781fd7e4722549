// ReplicaSet: who the control planes are: each keeps its record below <prefix>replica/<id> with a lease of etcd, so
// that it is gone some 10 s after its process, and follows those of the others. While etcd is away the set stays as it
// was. Control loop.
#pragma once
#include "control/replicas/replica_record.h"
#include "control/store/etcd_lease.h"
#include "control/store/etcd_mirror.h"

namespace heddle {
// The others, by address. Of several with one address and one name only the newest is alive; one with ours and our name
// is what ran here before. Of several names with one address, ours among them, all but the newest are somewhere else
// (--watch is 127.0.0.1 by default): they cannot be reached. A record that cannot be read stands for a control plane
// that cannot be reached: its address is not set and its name is the key.
std::vector<ReplicaRecord> other_replicas(const EtcdMirror::Records&, const ReplicaRecord& own);

class ReplicaSet final : private EtcdMirror::Observer {
 public:
  static constexpr BackoffSpec kRetry{200ms, 2.0, 0.2, 5s};
  struct Parts {
    EtcdClient& etcd;
    Random& random;
    Scheduler& scheduler;
    std::string prefix;  // the mesh's, "/heddle/<mesh>/"
    ReplicaRecord own;
    Logger log;
  };
  // Calls on_change from the loop, never inside a call, when others() may have changed.
  ReplicaSet(Parts, Task on_change);
  const std::vector<ReplicaRecord>& others() const noexcept { return others_; }
  bool is_loaded() const noexcept { return is_loaded_; }
  // Our record goes: the others need not wait for the lease to end. `done` runs once, also when etcd does not answer.
  [[nodiscard]] Pending resign(Task done) { return lease_.resign(std::move(done)); }

 private:
  void load();
  void on_mirror_changed(const std::string& key) override;
  void look();
  Parts parts_;
  Task on_change_;
  std::vector<ReplicaRecord> others_;
  bool is_loaded_ = false;
  Backoff backoff_;
  EtcdLease lease_;
  EtcdMirror mirror_;
  std::unique_ptr<Timer> retry_;
  Pending loading_;
};
}  // namespace heddle
