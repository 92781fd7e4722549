// A thin RAII face of SQLite: SqliteDatabase (one connection), SqliteStatement (prepared, reused), SqliteTransaction
// (rolls back unless committed). Errors are kIo with SQLite's text. The database is held exclusively: a second process
// that opens the same file is refused. Durable commits (WAL, synchronous=FULL). Not thread-safe: one loop.
#pragma once
#include <sqlite3.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/bytes.h"
#include "lib/base/result.h"

namespace heddle {
class SqliteStatement {
 public:
  // Binds ?1, ?2, ... in the order of the calls and forgets them at reset().
  SqliteStatement& text(std::string_view);
  SqliteStatement& blob(std::string_view);
  SqliteStatement& blob(Bytes bytes) { return blob(as_text(bytes)); }
  SqliteStatement& integer(int64_t);
  SqliteStatement& null();
  // True: a row; false: done, and the statement is reset.
  Result<bool> step();
  // For statements without rows.
  Result<void> run();
  void reset();

  std::string_view column_text(int column) const;  // or blob; valid until the next step
  int64_t column_integer(int column) const;
  bool is_null(int column) const;

 private:
  friend class SqliteDatabase;
  struct Finalize {
    void operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }
  };
  explicit SqliteStatement(sqlite3_stmt* s) : statement_(s) {}
  void note(int code) { bind_error_ = bind_error_ != SQLITE_OK ? bind_error_ : code; }
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int next_ = 1;
  int bind_error_ = SQLITE_OK;
};

class SqliteDatabase {
 public:
  // A file (made with mode 0600), or ":memory:". Refuses a file that another process holds.
  static Result<SqliteDatabase> open(const std::string& path);
  Result<void> execute(const char* sql);
  Result<SqliteStatement> prepare(std::string_view sql);
  // One row, one column, an integer.
  Result<int64_t> query_integer(std::string_view sql);
  // Everything as it stands, into a file that does not exist yet. Blocking.
  Result<void> copy_to(const std::string& path);
  int changes() const { return sqlite3_changes(db_.get()); }

 private:
  struct Close {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  };
  explicit SqliteDatabase(sqlite3* db) : db_(db) {}
  std::unique_ptr<sqlite3, Close> db_;
};

class SqliteTransaction {
 public:
  static Result<SqliteTransaction> begin(SqliteDatabase& db);
  SqliteTransaction(SqliteTransaction&& other) noexcept : db_(std::exchange(other.db_, nullptr)) {}
  SqliteTransaction& operator=(SqliteTransaction&&) = delete;
  ~SqliteTransaction();
  Result<void> commit();

 private:
  explicit SqliteTransaction(SqliteDatabase& db) : db_(&db) {}
  SqliteDatabase* db_;
};
}  // namespace heddle
