// EtcdLedgerPlan: turns a change of the ledger into the keys of etcd that it changes, judged by what is known. The
// operations are judged one after the other, each on top of those before it. Pure.
#pragma once
#include "control/store/etcd_ledger_index.h"
#include "control/store/etcd_mirror.h"
#include "lib/base/random.h"

namespace heddle {
class EtcdLedgerPlan {
 public:
  using Changes = std::vector<EtcdMirror::Change>;
  static constexpr size_t kMaxExpired = 40;  // records of one ExpireRecords; the next one takes the next
  EtcdLedgerPlan(const EtcdMirrorRecords& records, const EtcdLedgerIndex& index, Random& random)
      : records_(records), index_(index), random_(random) {}
  // kConflict, kNotFound, kIo: as Ledger.
  Result<Changes> make(const LedgerChange&);

 private:
  Result<void> apply(const AddJoinToken&);
  Result<void> apply(const TakeJoinToken&);
  Result<void> apply(const AddAdminToken&);
  Result<void> apply(const RemoveAdminToken&);
  Result<void> apply(const SaveLineage&);
  Result<void> apply(const ExpireRecords&);
  Result<void> apply(const PutMeta&);
  const std::string* find(const std::string& key) const;
  Result<void> add(const std::string& key, std::string value, std::string_view what);
  Result<void> erase_join_token(const std::string& key);
  int64_t new_lineage();
  const EtcdMirrorRecords& records_;
  const EtcdLedgerIndex& index_;
  Random& random_;
  std::map<std::string, std::optional<std::string>, std::less<>> changes_;
};
}  // namespace heddle
