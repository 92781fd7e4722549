#include "control/store/sqlite_ledger.h"

#include "control/store/sqlite_schema.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
int64_t to_integer(WallTime time) { return time.since_epoch().count(); }
WallTime to_time(int64_t nanoseconds) { return WallTime(Duration(nanoseconds)); }

JoinToken read_join_token(const SqliteStatement& row) {
  return {std::string(row.column_text(0)), std::string(row.column_text(1)), to_time(row.column_integer(2)),
          to_time(row.column_integer(3))};
}

AdminTokenRow read_admin_token(const SqliteStatement& row) {
  std::optional<WallTime> expires;
  if (!row.is_null(4)) expires = to_time(row.column_integer(4));
  return {std::string(row.column_text(0)), std::string(row.column_text(1)), to_time(row.column_integer(2)),
          std::string(row.column_text(3)), expires};
}

Lineage read_lineage(const SqliteStatement& row) {
  return {row.column_integer(0),           std::string(row.column_text(1)), std::string(row.column_text(2)),
          std::string(row.column_text(3)), to_time(row.column_integer(4)),  std::string(row.column_text(5)),
          std::string(row.column_text(6))};
}

std::string read_text(const SqliteStatement& row) { return std::string(row.column_text(0)); }

template <class T>
Result<std::vector<T>> all_of(SqliteStatement& statement, T (*read)(const SqliteStatement&)) {
  std::vector<T> out;
  while (true) {
    HEDDLE_TRY(bool row, statement.step());
    if (!row) return out;
    out.push_back(read(statement));
  }
}

template <class T>
Result<std::optional<T>> one_of(SqliteStatement& statement, T (*read)(const SqliteStatement&)) {
  HEDDLE_TRY(std::vector<T> all, all_of(statement, read));
  return all.empty() ? std::optional<T>() : std::optional<T>(std::move(all.front()));
}

Result<void> inserted(SqliteDatabase& db, SqliteStatement& statement, std::string_view what) {
  HEDDLE_CHECK_OK(statement.run());
  if (db.changes() == 1) return {};
  return make_error(Reason::kConflict, str_cat(what, " exists already"));
}

Result<void> removed(SqliteDatabase& db, SqliteStatement& statement, std::string_view what) {
  HEDDLE_CHECK_OK(statement.run());
  if (db.changes() > 0) return {};
  return make_error(Reason::kNotFound, str_cat("there is no ", what));
}
}  // namespace

Result<void> SqliteLedger::apply(const LedgerChange& change) {
  HEDDLE_TRY(SqliteTransaction transaction, SqliteTransaction::begin(db_));
  for (const LedgerOperation& operation : change) {
    HEDDLE_CHECK_OK(std::visit([this](const auto& one) { return run(one); }, operation));
  }
  return transaction.commit();
}

Pending SqliteLedger::commit(LedgerChange change, Done done) {
  done(apply(change));
  return nullptr;
}

Pending SqliteLedger::sync(Done done) {
  done({});
  return nullptr;
}

Result<void> SqliteLedger::run(const AddJoinToken& one) {
  HEDDLE_TRY(SqliteStatement add,
             db_.prepare("INSERT INTO join_token (hash, id, identity, created, expires) VALUES (?1,?2,?3,?4,?5) "
                         "ON CONFLICT DO NOTHING"));
  add.blob(one.hash).text(one.token.id).text(one.token.identity);
  add.integer(to_integer(one.token.created)).integer(to_integer(one.token.expires));
  return inserted(db_, add, "a join token of this id");
}

Result<void> SqliteLedger::run(const TakeJoinToken& one) {
  HEDDLE_TRY(SqliteStatement take, db_.prepare("DELETE FROM join_token WHERE hash = ?1"));
  return removed(db_, take.blob(one.hash), "such join token");
}

Result<void> SqliteLedger::run(const AddAdminToken& one) {
  HEDDLE_TRY(SqliteStatement add, db_.prepare("INSERT INTO admin_token (hash, id, role, created, grants, expires) "
                                              "VALUES (?1,?2,?3,?4,?5,?6) ON CONFLICT DO NOTHING"));
  const AdminTokenRow& row = one.row;
  add.blob(one.hash).text(row.id).text(row.role).integer(to_integer(row.created)).text(row.grants);
  row.expires ? add.integer(to_integer(*row.expires)) : add.null();
  return inserted(db_, add, "an admin token of this id");
}

Result<void> SqliteLedger::run(const RemoveAdminToken& one) {
  HEDDLE_TRY(SqliteStatement remove, db_.prepare("DELETE FROM admin_token WHERE id = ?1"));
  return removed(db_, remove.text(one.id), str_cat("admin token ", one.id));
}

Result<void> SqliteLedger::run(const SaveLineage& one) {
  HEDDLE_TRY(SqliteStatement save,
             db_.prepare("INSERT INTO lineage (id, identity, latest, previous, not_after, node, pod) "
                         "VALUES (?1,?2,?3,?4,?5,?6,?7) "
                         "ON CONFLICT (id) DO UPDATE SET latest = excluded.latest, previous = excluded.previous, "
                         "not_after = excluded.not_after, node = excluded.node, pod = excluded.pod"));
  const Lineage& lineage = one.lineage;
  if (!lineage.pod.empty()) {
    HEDDLE_CHECK_OK(need_pod_reader(db_));
  }
  lineage.id == 0 ? save.null() : save.integer(lineage.id);
  save.text(lineage.identity).text(lineage.latest).text(lineage.previous).integer(to_integer(lineage.not_after));
  save.text(lineage.node).text(lineage.pod);
  return save.run();
}

Result<void> SqliteLedger::run(const ExpireRecords& one) {
  HEDDLE_TRY(SqliteStatement tokens, db_.prepare("DELETE FROM join_token WHERE expires <= ?1"));
  HEDDLE_CHECK_OK(tokens.integer(to_integer(one.now)).run());
  HEDDLE_TRY(SqliteStatement lineages, db_.prepare("DELETE FROM lineage WHERE not_after <= ?1"));
  return lineages.integer(to_integer(one.lineages)).run();
}

Result<void> SqliteLedger::run(const PutMeta& one) {
  HEDDLE_TRY(SqliteStatement put,
             db_.prepare(one.is_new ? "INSERT INTO meta (name, value) VALUES (?1,?2) ON CONFLICT DO NOTHING"
                                    : "INSERT OR REPLACE INTO meta (name, value) VALUES (?1,?2)"));
  return inserted(db_, put.text(one.name).blob(std::string_view(one.value)), str_cat("the document ", one.name));
}

Result<std::optional<JoinToken>> SqliteLedger::find_join_token(const Sha256Digest& hash) {
  HEDDLE_TRY(SqliteStatement find,
             db_.prepare("SELECT id, identity, created, expires FROM join_token WHERE hash = ?1"));
  return one_of(find.blob(hash), read_join_token);
}

Result<std::vector<JoinToken>> SqliteLedger::join_tokens() {
  HEDDLE_TRY(SqliteStatement all, db_.prepare("SELECT id, identity, created, expires FROM join_token ORDER BY id"));
  return all_of(all, read_join_token);
}

Result<std::optional<AdminTokenRow>> SqliteLedger::find_admin_token(const Sha256Digest& hash) {
  HEDDLE_TRY(SqliteStatement find,
             db_.prepare("SELECT id, role, created, grants, expires FROM admin_token WHERE hash = ?1"));
  return one_of(find.blob(hash), read_admin_token);
}

Result<std::vector<AdminTokenRow>> SqliteLedger::admin_tokens() {
  HEDDLE_TRY(SqliteStatement all,
             db_.prepare("SELECT id, role, created, grants, expires FROM admin_token ORDER BY id"));
  return all_of(all, read_admin_token);
}

Result<std::optional<Lineage>> SqliteLedger::find_lineage(std::string_view serial) {
  if (serial.empty()) return std::optional<Lineage>();
  HEDDLE_TRY(SqliteStatement find,
             db_.prepare("SELECT id, identity, latest, previous, not_after, node, pod FROM lineage "
                         "WHERE latest = ?1 OR previous = ?1"));
  return one_of(find.text(serial), read_lineage);
}

Result<std::vector<Lineage>> SqliteLedger::lineages() {
  HEDDLE_TRY(SqliteStatement all,
             db_.prepare("SELECT id, identity, latest, previous, not_after, node, pod FROM lineage ORDER BY id"));
  return all_of(all, read_lineage);
}

Result<bool> SqliteLedger::knows_identity(std::string_view identity) {
  HEDDLE_TRY(SqliteStatement find, db_.prepare("SELECT 1 FROM lineage WHERE identity = ?1 LIMIT 1"));
  HEDDLE_TRY(bool found, find.text(identity).step());
  return found;
}

Result<std::optional<std::string>> SqliteLedger::meta(std::string_view name) {
  HEDDLE_TRY(SqliteStatement find, db_.prepare("SELECT value FROM meta WHERE name = ?1"));
  return one_of(find.text(name), read_text);
}
}  // namespace heddle
