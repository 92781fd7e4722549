// EtcdBackend: the store in an etcd that any number of control planes share (docs/replicas.md). Waits at the start
// until etcd answers; later goes on with what it has while etcd does not. Control loop; destroying it runs the loop
// until its connections are gone.
#pragma once
#include "control/app/start_tries.h"
#include "control/app/store_backend.h"
#include "control/store/etcd_journal.h"
#include "control/store/etcd_leadership.h"
#include "control/store/etcd_ledger.h"
#include "lib/net/connector.h"
#include "lib/rpc/http_client.h"

namespace heddle {
class EtcdBackend final : public StoreBackend {
 public:
  static constexpr Duration kPatience = 60s;  // with an etcd that does not answer, at the start
  struct Parts {
    Loop& loop;
    Random& random;
    Connector& tcp;
    EtcdOptions etcd;    // has passed check()
    std::string prefix;  // "/heddle/<mesh>/"
    std::string self;    // our name, for people
    Logger log;
    Duration patience = kPatience;
  };
  // Runs the loop until everything was read. kUnavailable names the members and the last problem; what is wrong with
  // the store or with our rights fails at once, and so does a loop that is stopped (kDraining).
  static Result<std::unique_ptr<StoreBackend>> open(Parts);
  Journal& journal() override { return journal_; }
  Ledger& ledger() override { return ledger_; }
  Leadership& leadership(SoleTask task) override { return of(task); }
  std::string leader(SoleTask task) const override { return of(task).leader(); }
  std::optional<JournalHealth> health() const override { return worse_of(journal_.health(), ledger_.health()); }
  ReadIndex* reads() override { return &reads_; }
  EtcdClient* etcd() override { return &client_; }
  [[nodiscard]] Pending resign(Task done) override;  // asks etcd at most once for each

  class Access {
    friend class EtcdBackend;
    Access() = default;
  };
  EtcdBackend(Access, Parts);

 private:
  using Load = UniqueFunction<Pending(UniqueFunction<void(Result<void>)>)>;
  Result<void> load();
  Result<void> load_part(StartTries&, std::string_view what, Load);
  void take_part();
  Pending confirm(ReadIndex::Confirmed);
  WallTime last_current() const;
  EtcdLeadership& of(SoleTask task) const { return *leaders_[static_cast<size_t>(task)]; }
  // Ends when nobody uses it any more.
  struct Connections {
    explicit Connections(Loop& its_loop) : loop(its_loop) {}
    ~Connections();
    Loop& loop;
    ConnectionRegistry registry;
  };
  Parts parts_;
  Protocols protocols_;
  Connections connections_;
  EtcdClient client_;
  EtcdJournal journal_;
  EtcdLedger ledger_;
  ReadIndex reads_;
  std::vector<std::unique_ptr<EtcdLeadership>> leaders_;  // by SoleTask
};
}  // namespace heddle
