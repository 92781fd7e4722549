#include "control/store/sqlite.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>

#include "lib/base/strings.h"
#include "lib/base/unique_fd.h"

namespace heddle {
namespace {
constexpr int kBusyTimeout = 500;  // ms: a predecessor that is just ending
constexpr const char* kPragmas =
    "PRAGMA trusted_schema=OFF; PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
    "PRAGMA foreign_keys=ON; PRAGMA secure_delete=ON; BEGIN IMMEDIATE; COMMIT;";

Error sqlite_error(sqlite3* db, std::string_view what) {
  int code = db == nullptr ? SQLITE_NOMEM : sqlite3_errcode(db);
  std::string_view text = db == nullptr ? "out of memory" : sqlite3_errmsg(db);
  if (code == SQLITE_BUSY) text = "another process has the database open";
  return make_error(Reason::kIo, str_cat("sqlite: ", what, ": ", text));
}

// SQLite itself would make the file readable for all.
Result<void> make_private(const std::string& path) {
  if (path == ":memory:") return {};
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (fd.get() >= 0) return {};
  return make_error(Reason::kIo, str_cat(path, ": ", std::strerror(errno)));
}
}  // namespace

SqliteStatement& SqliteStatement::text(std::string_view value) {
  note(sqlite3_bind_text64(statement_.get(), next_++, value.data() == nullptr ? "" : value.data(), value.size(),
                           SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}

SqliteStatement& SqliteStatement::blob(std::string_view value) {
  note(sqlite3_bind_blob64(statement_.get(), next_++, value.data() == nullptr ? "" : value.data(), value.size(),
                           SQLITE_TRANSIENT));
  return *this;
}

SqliteStatement& SqliteStatement::integer(int64_t value) {
  note(sqlite3_bind_int64(statement_.get(), next_++, value));
  return *this;
}

SqliteStatement& SqliteStatement::null() {
  note(sqlite3_bind_null(statement_.get(), next_++));
  return *this;
}

Result<bool> SqliteStatement::step() {
  int code = bind_error_ != SQLITE_OK ? bind_error_ : sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    reset();
    return false;
  }
  Error error = sqlite_error(sqlite3_db_handle(statement_.get()), sqlite3_sql(statement_.get()));
  reset();
  return error;
}

Result<void> SqliteStatement::run() {
  HEDDLE_TRY(bool row, step());
  HEDDLE_CHECK(!row);
  return {};
}

void SqliteStatement::reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
  next_ = 1;
  bind_error_ = SQLITE_OK;
}

std::string_view SqliteStatement::column_text(int column) const {
  const void* data = sqlite3_column_blob(statement_.get(), column);
  auto size = static_cast<size_t>(sqlite3_column_bytes(statement_.get(), column));
  return data == nullptr ? std::string_view() : std::string_view(static_cast<const char*>(data), size);
}

int64_t SqliteStatement::column_integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }

bool SqliteStatement::is_null(int column) const { return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL; }

Result<SqliteDatabase> SqliteDatabase::open(const std::string& path) {
  HEDDLE_CHECK_OK(make_private(path));
  sqlite3* raw = nullptr;
  int code = sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  SqliteDatabase db(raw);
  if (code != SQLITE_OK) return sqlite_error(raw, path);
  sqlite3_extended_result_codes(raw, 0);
  sqlite3_busy_timeout(raw, kBusyTimeout);
  Result<void> set = db.execute(kPragmas);
  if (!set) return std::move(set).error().within(path);
  return db;
}

Result<void> SqliteDatabase::execute(const char* sql) {
  if (sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return sqlite_error(db_.get(), "cannot execute");
}

Result<SqliteStatement> SqliteDatabase::prepare(std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  int code =
      sqlite3_prepare_v3(db_.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  if (code != SQLITE_OK) return sqlite_error(db_.get(), sql);
  return SqliteStatement(raw);
}

Result<int64_t> SqliteDatabase::query_integer(std::string_view sql) {
  HEDDLE_TRY(SqliteStatement statement, prepare(sql));
  HEDDLE_TRY(bool row, statement.step());
  if (!row) return make_error(Reason::kIo, str_cat("sqlite: no row: ", sql));
  return statement.column_integer(0);
}

Result<void> SqliteDatabase::copy_to(const std::string& path) {
  HEDDLE_CHECK_OK(make_private(path));  // SQLite takes an empty file
  HEDDLE_TRY(SqliteStatement copy, prepare("VACUUM INTO ?1"));
  return copy.text(path).run();
}

Result<SqliteTransaction> SqliteTransaction::begin(SqliteDatabase& db) {
  HEDDLE_CHECK_OK(db.execute("BEGIN IMMEDIATE"));
  return SqliteTransaction(db);
}

SqliteTransaction::~SqliteTransaction() {
  if (db_ != nullptr) static_cast<void>(db_->execute("ROLLBACK"));
}

Result<void> SqliteTransaction::commit() {
  HEDDLE_CHECK_OK(db_->execute("COMMIT"));
  db_ = nullptr;
  return {};
}
}  // namespace heddle
