// KubeReplicas: this control plane among those that share a cluster (ADR 0026): while it leads it begins an epoch, has
// the cluster translated and tells the others; while it does not, it follows who leads. The epoch is a document of the
// ledger, written before anything of it is said: so it grows from leader to leader, whatever becomes of the Lease.
// Control loop; drain() before the connections of the context are ended.
#pragma once
#include "control/app/kube_backend.h"
#include "control/replicas/mesh_feed.h"
#include "control/replicas/mesh_follower.h"
#include "control/store/ledger_tries.h"

namespace heddle {
class KubeReplicas {
 public:
  static constexpr std::string_view kEpoch = "mesh.epoch";
  static constexpr Duration kLook = 500ms;  // who leads
  struct Parts {
    KubeBackend& backend;
    Store& store;
    PeerContext peers;
    Task translate;         // we lead: read the cluster
    Task stop_translating;  // we lead no more
    Task on_copy;           // what the store has was the cluster's
    Logger log;
  };
  KubeReplicas(Parts, HttpServer& watch);
  // After listen(): the others reach us at `own`.
  void start(const Address& own);
  // The cluster was translated.
  void on_translated();
  void drain();

 private:
  void on_lease();
  void begin();
  LedgerTries::Judged next_epoch();
  void on_epoch(const Result<void>&);
  void look();
  void on_taken();
  Parts parts_;
  MeshFeed feed_;
  LedgerTries tries_;
  uint64_t epoch_ = 0;      // that we are about to begin
  bool is_asking_ = false;  // for it
  bool is_leading_ = false;
  bool has_copy_ = false;
  bool is_draining_ = false;
  std::optional<Address> followed_;
  std::unique_ptr<MeshFollower> follower_;
  std::unique_ptr<Timer> look_;
};
}  // namespace heddle
