// SqliteJournal: the store's journal in one SQLite file: current resources, the newest version and what the newest
// transactions replaced. A crash loses nothing that commit() answered; restarting continues epoch and sequence.
// Shares its database with SqliteLedger; both live on the store's loop.
#pragma once
#include <map>

#include "control/store/journal.h"
#include "control/store/sqlite.h"

namespace heddle {
class SqliteJournal final : public Journal {
 public:
  struct Options {
    uint64_t history = 1000;  // transactions whose undo is kept
  };
  // The database must be migrated and outlive the journal.
  static Result<std::unique_ptr<SqliteJournal>> create(SqliteDatabase&, Options);
  // Nobody else writes: the observer is never called.
  Result<JournalState> replay(JournalObserver&) override;
  // Done when it returns.
  [[nodiscard]] Pending append(const Event&, AppendDone done) override;

  class Access {
    friend class SqliteJournal;
    Access() = default;
  };
  SqliteJournal(Access, SqliteDatabase& db, Options options) : db_(db), options_(options) {}

 private:
  Result<void> write(const Event&);
  Result<void> write_change(Version version, const Change&);
  Result<void> write_state(const Event&);
  Result<std::map<uint64_t, ChangeNote>> read_notes();
  Result<void> read_history(JournalState&);

  SqliteDatabase& db_;
  Options options_;
  std::optional<SqliteStatement> put_;
  std::optional<SqliteStatement> erase_;
  std::optional<SqliteStatement> add_undo_;
  std::optional<SqliteStatement> trim_undo_;
  std::optional<SqliteStatement> add_note_;
  std::optional<SqliteStatement> trim_notes_;
  std::optional<SqliteStatement> set_state_;
};
}  // namespace heddle
