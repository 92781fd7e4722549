// EtcdReplicaSet: who the control planes are: each keeps its record below <prefix>replica/<id> with a lease of etcd, so
// that it is gone some 10 s after its process, and follows those of the others. Control loop.
#pragma once
#include "control/replicas/other_replicas.h"
#include "control/replicas/replica_source.h"
#include "control/store/etcd_lease.h"
#include "control/store/etcd_mirror.h"

namespace heddle {
// Of records below <prefix>replica/.
std::vector<ReplicaRecord> other_replicas(const EtcdMirror::Records&, const ReplicaRecord& own);

class EtcdReplicaSet final : public ReplicaSource, private EtcdMirror::Observer {
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
  explicit EtcdReplicaSet(Parts);
  const std::vector<ReplicaRecord>& others() const override { return others_; }
  bool is_loaded() const override { return is_loaded_; }
  std::string_view place() const override { return "etcd"; }
  std::optional<Error> trouble() const override { return trouble_; }
  void set_on_change(Task on_change) override { on_change_ = std::move(on_change); }
  [[nodiscard]] Pending resign(Task done) override { return lease_.resign(std::move(done)); }

 private:
  void load();
  void on_mirror_changed(const std::string& key) override;
  void look();
  Parts parts_;
  Task on_change_;
  std::vector<ReplicaRecord> others_;
  bool is_loaded_ = false;
  std::optional<Error> trouble_;
  Backoff backoff_;
  EtcdLease lease_;
  EtcdMirror mirror_;
  std::unique_ptr<Timer> retry_;
  Pending loading_;
};
}  // namespace heddle
