// EtcdLedger: the ledger in etcd, shared by all control planes: one JSON record per token, lineage and document below
// <prefix>ledger/, all of them known to each (EtcdMirror). A change depends on every record that it names being as this
// control plane knows it; that a token's id exists once is held by a key of its own in the same transaction. Of expired
// records one change takes at most EtcdLedgerPlan::kMaxExpired; a document has at most EtcdMirror::kMaxBytes. Control
// loop.
#pragma once
#include "control/store/etcd_ledger_index.h"
#include "control/store/etcd_ledger_plan.h"
#include "control/store/etcd_mirror.h"
#include "control/store/ledger.h"

namespace heddle {
class EtcdLedger final : public Ledger, private EtcdMirror::Observer {
 public:
  // `prefix`: the mesh's, "/heddle/<mesh>/".
  EtcdLedger(EtcdClient&, Random&, Logger, const std::string& prefix);
  // With other times, for tests; `options.prefix` is the mesh's.
  EtcdLedger(EtcdClient&, Random&, Logger, EtcdMirror::Options options);
  [[nodiscard]] Pending load(Done);  // until it succeeded, before anything else; as EtcdMirror::load
  JournalHealth health() const { return mirror_.health(); }

  Result<std::optional<JoinToken>> find_join_token(const Sha256Digest& hash) override;
  Result<std::vector<JoinToken>> join_tokens() override { return index_.join_tokens(); }
  Result<std::optional<AdminTokenRow>> find_admin_token(const Sha256Digest& hash) override;
  Result<std::vector<AdminTokenRow>> admin_tokens() override { return index_.admin_tokens(); }
  Result<std::optional<Lineage>> find_lineage(std::string_view serial) override { return index_.lineage_of(serial); }
  Result<std::vector<Lineage>> lineages() override { return index_.lineages(); }
  Result<bool> knows_identity(std::string_view identity) override { return index_.knows_identity(identity); }
  Result<std::optional<std::string>> meta(std::string_view name) override;
  // kConflict also while another change of this process that names the same record is under way; kTooLarge.
  [[nodiscard]] Pending commit(LedgerChange, Done) override;
  [[nodiscard]] Pending sync(Done done) override { return mirror_.sync(std::move(done)); }
  void set_observer(LedgerObserver* observer) override { observer_ = observer; }

 private:
  void on_mirror_changed(const std::string& key) override;
  void on_mirror_record(const std::string& key, const std::string* was, const std::string* now) override;
  Random& random_;
  Logger log_;
  EtcdLedgerIndex index_;
  LedgerObserver* observer_ = nullptr;
  EtcdMirror mirror_;
};
}  // namespace heddle
