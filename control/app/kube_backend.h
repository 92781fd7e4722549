// KubeBackend: what several control planes of one cluster share without a store beside it: the ledger in a Secret, and
// a Lease that says who leads. Versions are in memory: who leads gives them, the others follow (kube_replicas.h). Waits
// at the start until the API server answers; later goes on with what it has while it does not. Control loop; destroying
// it runs the loop until its connections are gone.
#pragma once
#include "control/app/start_tries.h"
#include "control/app/store_backend.h"
#include "control/kube/kube_config_load.h"
#include "control/kube/kube_lease.h"
#include "control/kube/kube_ledger.h"
#include "control/store/led_journal.h"
#include "lib/net/connector.h"

namespace heddle {
class KubeBackend final : public StoreBackend {
 public:
  static constexpr Duration kPatience = 60s;  // with an API server that does not answer, at the start
  static constexpr Duration kHeard = 6s;      // a leader that was silent for longer may have gone on without us
  struct Parts {
    Loop& loop;
    Random& random;
    Connector& tcp;
    KubeLocation location;
    std::string mesh;  // of the Lease "heddle-<mesh>" and the Secret "heddle-<mesh>-ledger"
    std::string self;  // our name, for people
    Logger log;
  };
  // Runs the loop until the ledger was read. kUnavailable; what is wrong with our rights fails at once.
  static Result<std::unique_ptr<StoreBackend>> open(Parts);
  Journal& journal() override { return journal_; }
  Ledger& ledger() override { return ledger_; }
  Leadership& leadership(SoleTask task) override { return tasks_[static_cast<size_t>(task)]; }
  std::string leader(SoleTask) const override;
  std::optional<JournalHealth> health() const override;
  ReadIndex* reads() override { return nullptr; }
  EtcdClient* etcd() override { return nullptr; }
  KubeBackend* kube() override { return this; }
  [[nodiscard]] Pending resign(Task done) override;

  // Stands for election from now on; `own`: where the others reach us. `on_change`: leads() may have changed.
  void join(const Address& own, Task on_change);
  bool leads() const { return lease_ != nullptr && lease_->leads(); }
  // Who leads, and where; nothing: nobody is known to, or it is us.
  std::optional<Address> leader_address() const;
  KubeClient& client() noexcept { return client_; }
  const std::string& namespace_name() const noexcept { return namespace_; }  // of the Lease and the Secret
  LedJournal& versions() noexcept { return journal_; }
  // Who leads may write from the moment its epoch has begun.
  void set_writes(bool writes) { writes_ = writes; }
  // What we have was the newest a moment ago.
  void note_heard() { heard_at_ = {parts_.loop.now(), parts_.loop.wall()}; }

  class Access {
    friend class KubeBackend;
    Access() = default;
  };
  KubeBackend(Access, Parts, KubeConfig);
  ~KubeBackend() override { writes_ = false; }

 private:
  // Of one task; all are done by who holds the Lease.
  class TaskLeadership final : public Leadership {
   public:
    bool leads() const override { return backend->leads(); }
    void set_on_change(Task on_change) override { on_change_ = std::move(on_change); }
    void tell() {
      if (on_change_) on_change_();
    }
    KubeBackend* backend = nullptr;

   private:
    Task on_change_;
  };
  // Ends when nobody uses it any more.
  struct Connections {
    explicit Connections(Loop& its_loop) : loop(its_loop) {}
    ~Connections();
    Loop& loop;
    ConnectionRegistry registry;
  };
  Result<void> load();
  Parts parts_;
  std::string namespace_;
  std::string identity_;  // in the Lease
  Protocols protocols_;
  Connections connections_;
  KubeClient client_;
  KubeLedger ledger_;
  LedJournal journal_;
  bool writes_ = false;
  struct Heard {
    MonoTime at;
    WallTime wall;
  };
  std::optional<Heard> heard_at_;
  TaskLeadership tasks_[std::size(kSoleTasks)];  // by SoleTask
  Task on_change_;
  std::unique_ptr<KubeLease> lease_;
};
}  // namespace heddle
