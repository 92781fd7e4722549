// SqliteLedger: the ledger in the store's SQLite file. Every call is one transaction.
#pragma once
#include "control/store/ledger.h"
#include "control/store/sqlite.h"

namespace heddle {
class SqliteLedger final : public Ledger {
 public:
  // The database must be migrated and outlive the ledger.
  explicit SqliteLedger(SqliteDatabase& db) : db_(db) {}
  Result<void> add_join_token(const Sha256Digest& hash, const JoinToken&) override;
  Result<std::optional<JoinToken>> find_join_token(const Sha256Digest& hash) override;
  Result<std::optional<JoinToken>> take_join_token(const Sha256Digest& hash) override;
  Result<std::vector<JoinToken>> join_tokens() override;
  Result<void> add_admin_token(const Sha256Digest& hash, const AdminTokenRow&) override;
  Result<std::optional<AdminTokenRow>> find_admin_token(const Sha256Digest& hash) override;
  Result<bool> remove_admin_token(std::string_view id) override;
  Result<std::vector<AdminTokenRow>> admin_tokens() override;
  Result<void> save_lineage(const Lineage&) override;
  Result<std::optional<Lineage>> find_lineage(std::string_view serial) override;
  Result<std::vector<Lineage>> lineages() override;
  Result<bool> knows_identity(std::string_view identity) override;
  Result<bool> adopt_lineage(const Lineage&) override;
  Result<void> expire(WallTime now, WallTime lineages) override;
  Result<void> put_meta(std::string_view name, std::string_view value) override;
  Result<std::optional<std::string>> meta(std::string_view name) override;

 private:
  SqliteDatabase& db_;
};
}  // namespace heddle
