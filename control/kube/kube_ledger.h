// KubeLedger: the ledger in one Secret of the Kubernetes API, shared by all control planes: a transaction is one patch
// on the condition of the resourceVersion. Each holds all records; a watch says that there is something new, and it is
// read from the server itself, so that what is known never goes back. Changes that come while a patch is under way
// share the next one. A change depends on the records that it names being as they were when it was judged: others may
// have changed meanwhile. Limit: kMaxLedgerSecret bytes; beyond, what has expired is dropped, then kTooLarge. Control
// loop.
#pragma once
#include <deque>
#include <map>

#include "control/kube/kube_client.h"
#include "control/kube/kube_ledger_secret.h"
#include "control/kube/kube_watch.h"
#include "control/store/etcd_ledger_index.h"
#include "control/store/journal_health.h"
#include "control/store/ledger.h"
#include "lib/base/log.h"

namespace heddle {
class KubeLedger final : public Ledger, private KubeWatch::Observer {
 public:
  static constexpr size_t kMaxWaiting = 10'000;  // changes; kOverload beyond
  static constexpr int kMaxTries = 20;           // of one change that other control planes are faster than
  static constexpr Duration kAgain = 1s;         // after a failure
  struct Options {
    std::string namespace_name;
    std::string name;
    size_t max_bytes = kMaxLedgerSecret;
  };
  KubeLedger(KubeClient&, Random&, Logger, Options);
  ~KubeLedger() override;
  // Reads the Secret, or makes it, and follows it from then on. Once, until it succeeded, before anything else.
  [[nodiscard]] Pending load(Done);
  JournalHealth health() const;

  Result<std::optional<JoinToken>> find_join_token(const Sha256Digest& hash) override;
  Result<std::vector<JoinToken>> join_tokens() override { return index_.join_tokens(); }
  Result<std::optional<AdminTokenRow>> find_admin_token(const Sha256Digest& hash) override;
  Result<std::vector<AdminTokenRow>> admin_tokens() override { return index_.admin_tokens(); }
  Result<std::optional<Lineage>> find_lineage(std::string_view serial) override { return index_.lineage_of(serial); }
  Result<std::vector<Lineage>> lineages() override { return index_.lineages(); }
  Result<bool> knows_identity(std::string_view identity) override { return index_.knows_identity(identity); }
  Result<std::optional<std::string>> meta(std::string_view name) override;
  // kTooLarge: the Secret is full. A Secret that was deleted is not made again: kUnavailable.
  [[nodiscard]] Pending commit(LedgerChange, Done) override;
  [[nodiscard]] Pending sync(Done) override;
  void set_observer(LedgerObserver* observer) override { observer_ = observer; }

 private:
  struct Condition {
    EtcdMirror::Change change;
    std::optional<std::string> was;  // when the change was judged
  };
  struct Waiting {
    std::vector<Condition> conditions;
    Done done;  // empty: nobody waits for it any more
    int tries = 0;
  };
  class Token;
  using WaitingPtr = std::shared_ptr<Waiting>;
  using Batch = std::vector<WaitingPtr>;

  void on_synced(const std::vector<JsonValue>& objects) override;
  void on_put(const KubeKey&, const JsonValue& object) override;
  void on_delete(const KubeKey&) override;
  Result<EtcdLedgerPlan::Changes> plan(const LedgerChange&) const;
  size_t bytes_after(const EtcdLedgerPlan::Changes&) const;
  Pending queue(std::deque<WaitingPtr>&, EtcdLedgerPlan::Changes, Done);
  void wake() { client_.loop().defer(work_); }
  void work();
  void read();
  void make();
  void on_read(const Batch& readers, const KubeAnswer&);
  void write();
  void on_written(const Batch&, const KubeAnswer&);
  Batch take_batch(EtcdLedgerPlan::Changes&, Batch& refused);
  bool holds(const Condition&, const std::map<std::string, std::optional<std::string>>& over) const;
  Result<void> adopt(const JsonValue& secret, bool is_ours);
  void set(const std::string& key, const std::string* value);
  void tell(const std::vector<std::string>& keys);
  static void finish(const Batch&, const Result<void>&);
  KubeRequest request(std::string method, std::string_view name, std::string body) const;

  KubeClient& client_;
  Random& random_;
  Logger log_;
  Options options_;
  EtcdMirrorRecords records_;
  EtcdLedgerIndex index_;
  LedgerObserver* observer_ = nullptr;
  std::string version_;  // resourceVersion of records_; empty: not loaded
  std::string hint_;     // the newest that the watch said
  bool needs_read_ = false;
  bool is_busy_ = false;
  std::optional<Error> trouble_;
  WallTime current_at_;
  std::deque<WaitingPtr> changes_;
  std::deque<WaitingPtr> readers_;
  Pending call_;
  std::unique_ptr<KubeWatch> watch_;
  std::unique_ptr<Timer> again_;
  DeferredOf<KubeLedger, &KubeLedger::work> work_{*this};
};
}  // namespace heddle
