#include "control/store/sqlite_journal.h"

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kColumns = "key, bytes, uid, generation, created, epoch, sequence";

Error damaged(std::string_view what) { return make_error(Reason::kIo, str_cat("the store is damaged: ", what)); }

void bind(SqliteStatement& statement, const ResourceKey& key, const StoredResource* resource) {
  const ResourceMeta meta = resource == nullptr ? ResourceMeta{} : resource->meta();
  statement.text(key.text());
  if (resource == nullptr) {
    statement.null();
  } else {
    statement.blob(resource->bytes());
  }
  statement.text(meta.uid).integer(static_cast<int64_t>(meta.generation)).integer(meta.created.since_epoch().count());
  statement.integer(static_cast<int64_t>(meta.version.epoch)).integer(static_cast<int64_t>(meta.version.sequence));
}

// The columns of kColumns from `first` on; the resource is nullptr where bytes is NULL.
Result<JournalState::Undo> read_row(const SqliteStatement& row, int first) {
  HEDDLE_TRY(ResourceKey key, ResourceKey::parse(row.column_text(first)));
  if (row.is_null(first + 1)) return JournalState::Undo{std::move(key), nullptr};
  ResourceMeta meta{
      std::string(row.column_text(first + 2)),
      static_cast<uint64_t>(row.column_integer(first + 3)),
      WallTime(Duration(row.column_integer(first + 4))),
      {static_cast<uint64_t>(row.column_integer(first + 5)), static_cast<uint64_t>(row.column_integer(first + 6))}};
  StoredResource::Ptr resource = StoredResource::make(key, row.column_text(first + 1), std::move(meta));
  return JournalState::Undo{std::move(key), std::move(resource)};
}
}  // namespace

Result<std::unique_ptr<SqliteJournal>> SqliteJournal::create(SqliteDatabase& db, Options options) {
  auto journal = std::make_unique<SqliteJournal>(Access(), db, options);
  HEDDLE_TRY(journal->put_,
             db.prepare(str_cat("INSERT OR REPLACE INTO resource (", kColumns, ") VALUES (?1,?2,?3,?4,?5,?6,?7)")));
  HEDDLE_TRY(journal->erase_, db.prepare("DELETE FROM resource WHERE key = ?1"));
  HEDDLE_TRY(journal->add_undo_,
             db.prepare(str_cat("INSERT INTO undo (at, ", kColumns, ") VALUES (?1,?2,?3,?4,?5,?6,?7,?8)")));
  HEDDLE_TRY(journal->trim_undo_, db.prepare("DELETE FROM undo WHERE at <= ?1"));
  HEDDLE_TRY(journal->add_note_, db.prepare("INSERT INTO note (at, author, message, time) VALUES (?1,?2,?3,?4)"));
  HEDDLE_TRY(journal->trim_notes_, db.prepare("DELETE FROM note WHERE at <= ?1"));
  HEDDLE_TRY(journal->set_state_, db.prepare("UPDATE state SET epoch = ?1, sequence = ?2"));
  return journal;
}

Pending SqliteJournal::append(const Event& event, AppendDone done) {
  done(write(event));
  return nullptr;
}

Result<void> SqliteJournal::write(const Event& event) {
  HEDDLE_TRY(SqliteTransaction transaction, SqliteTransaction::begin(db_));
  for (const Change& change : event.changes) HEDDLE_CHECK_OK(write_change(event.version, change));
  HEDDLE_CHECK_OK(write_state(event));
  return transaction.commit();
}

Result<void> SqliteJournal::write_change(Version version, const Change& change) {
  add_undo_->integer(static_cast<int64_t>(version.sequence));
  bind(*add_undo_, change.key, change.before.get());
  HEDDLE_CHECK_OK(add_undo_->run());
  if (change.now == nullptr) return erase_->text(change.key.text()).run();
  bind(*put_, change.key, change.now.get());
  return put_->run();
}

Result<void> SqliteJournal::write_state(const Event& event) {
  auto sequence = static_cast<int64_t>(event.version.sequence);
  auto kept = static_cast<int64_t>(options_.history);
  HEDDLE_CHECK_OK(add_note_->integer(sequence)
                      .text(event.note.author)
                      .text(event.note.message)
                      .integer(event.note.time.since_epoch().count())
                      .run());
  if (sequence > kept) {
    HEDDLE_CHECK_OK(trim_undo_->integer(sequence - kept).run());
    HEDDLE_CHECK_OK(trim_notes_->integer(sequence - kept).run());
  }
  set_state_->integer(static_cast<int64_t>(event.version.epoch)).integer(sequence);
  return set_state_->run();
}

Result<JournalState> SqliteJournal::replay(JournalObserver&) {
  JournalState out;
  HEDDLE_TRY(SqliteStatement state, db_.prepare("SELECT epoch, sequence FROM state"));
  HEDDLE_TRY(bool found, state.step());
  if (!found) return damaged("it has no version");
  out.version = {static_cast<uint64_t>(state.column_integer(0)), static_cast<uint64_t>(state.column_integer(1))};
  HEDDLE_TRY(SqliteStatement rows, db_.prepare(str_cat("SELECT ", kColumns, " FROM resource")));
  while (true) {
    HEDDLE_TRY(bool row, rows.step());
    if (!row) break;
    HEDDLE_TRY(JournalState::Undo read, read_row(rows, 0));
    out.resources.push_back(std::move(read.before));
  }
  HEDDLE_CHECK_OK(read_history(out));
  return out;
}

Result<std::map<uint64_t, ChangeNote>> SqliteJournal::read_notes() {
  std::map<uint64_t, ChangeNote> out;
  HEDDLE_TRY(SqliteStatement rows, db_.prepare("SELECT at, author, message, time FROM note"));
  while (true) {
    HEDDLE_TRY(bool row, rows.step());
    if (!row) return out;
    out[static_cast<uint64_t>(rows.column_integer(0))] = {
        std::string(rows.column_text(1)), std::string(rows.column_text(2)), WallTime(Duration(rows.column_integer(3)))};
  }
}

// Newest first, as long as the transactions follow each other. Those of a Heddle that kept no notes have none.
Result<void> SqliteJournal::read_history(JournalState& out) {
  HEDDLE_TRY(auto notes, read_notes());
  HEDDLE_TRY(SqliteStatement rows, db_.prepare(str_cat("SELECT at, ", kColumns, " FROM undo ORDER BY at DESC, key")));
  uint64_t expected = out.version.sequence;
  while (true) {
    HEDDLE_TRY(bool row, rows.step());
    if (!row) return {};
    auto at = static_cast<uint64_t>(rows.column_integer(0));
    if (at > out.version.sequence) return damaged("its history is ahead of its version");
    if (at == expected) {
      out.history.push_back({std::move(notes[at]), {}});
      --expected;
    } else if (at < expected) {
      return {};
    }
    HEDDLE_TRY(JournalState::Undo undo, read_row(rows, 1));
    out.history.back().undos.push_back(std::move(undo));
  }
}
}  // namespace heddle
