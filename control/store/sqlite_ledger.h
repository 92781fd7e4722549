// SqliteLedger: the ledger in the store's SQLite file. A change is one transaction and done when it is asked for;
// nobody else writes there, so what is read is never old.
#pragma once
#include "control/store/ledger.h"
#include "control/store/sqlite.h"

namespace heddle {
class SqliteLedger final : public Ledger {
 public:
  // The database must be migrated and outlive the ledger.
  explicit SqliteLedger(SqliteDatabase& db) : db_(db) {}
  // All of it or nothing: kConflict, kNotFound, kIo. For who has no loop.
  Result<void> apply(const LedgerChange&);

  Result<std::optional<JoinToken>> find_join_token(const Sha256Digest& hash) override;
  Result<std::vector<JoinToken>> join_tokens() override;
  Result<std::optional<AdminTokenRow>> find_admin_token(const Sha256Digest& hash) override;
  Result<std::vector<AdminTokenRow>> admin_tokens() override;
  Result<std::optional<Lineage>> find_lineage(std::string_view serial) override;
  Result<std::vector<Lineage>> lineages() override;
  Result<bool> knows_identity(std::string_view identity) override;
  Result<std::optional<std::string>> meta(std::string_view name) override;

  // Both call `done` before they return nothing.
  [[nodiscard]] Pending commit(LedgerChange, Done done) override;
  [[nodiscard]] Pending sync(Done done) override;
  void set_observer(LedgerObserver*) override {}

 private:
  Result<void> run(const AddJoinToken&);
  Result<void> run(const TakeJoinToken&);
  Result<void> run(const AddAdminToken&);
  Result<void> run(const RemoveAdminToken&);
  Result<void> run(const SaveLineage&);
  Result<void> run(const ExpireRecords&);
  Result<void> run(const PutMeta&);
  SqliteDatabase& db_;
};
}  // namespace heddle
