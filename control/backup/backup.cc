#include "control/backup/backup.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "certs/sealed_document.h"
#include "control/store/sqlite_schema.h"
#include "lib/base/file.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::array<std::string_view, 3> kFiles = {"ca.pem", "ca.rotation", "admin.context"};
constexpr size_t kMaxFile = 4 << 20;
constexpr const char* kTable = "CREATE TABLE backup_file (name TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT";
// What was at a version of the old epoch is nobody's past in the new one.
constexpr const char* kNextEpoch =
    "UPDATE state SET epoch = epoch + 1; DELETE FROM undo; DELETE FROM note; DROP TABLE backup_file";

std::string in(std::string_view directory, std::string_view name) { return str_cat(directory, "/", name); }

// A file that is there while this is.
class Scratch {
 public:
  explicit Scratch(std::string path) : path_(std::move(path)) { remove(); }
  ~Scratch() { remove(); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::string& path() const { return path_; }

 private:
  void remove() {
    for (std::string_view end : {"", "-wal", "-shm"}) static_cast<void>(remove_file(str_cat(path_, end)));
  }
  std::string path_;
};

Result<void> add_files(SqliteDatabase& copy, const std::string& data) {
  HEDDLE_CHECK_OK(copy.execute(kTable));
  HEDDLE_TRY(SqliteStatement add, copy.prepare("INSERT INTO backup_file (name, bytes) VALUES (?1, ?2)"));
  for (std::string_view name : kFiles) {
    Result<std::string> bytes = read_file(in(data, name), kMaxFile);
    if (!bytes && bytes.error().reason == Reason::kNotFound) continue;
    if (!bytes) return std::move(bytes).error();
    Secret secret = Secret::take(*bytes);
    HEDDLE_CHECK_OK(add.text(name).blob(secret.view()).run());
  }
  return {};
}

Result<void> write_files(SqliteDatabase& database, const std::string& directory) {
  HEDDLE_TRY(SqliteStatement rows, database.prepare("SELECT name, bytes FROM backup_file"));
  while (true) {
    HEDDLE_TRY(bool row, rows.step());
    if (!row) return {};
    std::string_view name = rows.column_text(0);
    if (std::find(kFiles.begin(), kFiles.end(), name) == kFiles.end()) {
      return make_error(Reason::kConfigInvalid,
                        str_cat("the backup holds a file that is not known here: ", quoted(name)));
    }
    HEDDLE_CHECK_OK(atomic_write(in(directory, name), rows.column_text(1), kPrivateFile));
  }
}

Result<RestoredBackup> fill(const std::string& directory, std::string_view bytes) {
  HEDDLE_CHECK_OK(ensure_private_dir(directory));
  HEDDLE_CHECK_OK(atomic_write(in(directory, "heddle.db"), bytes, kPrivateFile));
  HEDDLE_TRY(SqliteDatabase database, SqliteDatabase::open(in(directory, "heddle.db")));
  HEDDLE_CHECK_OK(write_files(database, directory));
  HEDDLE_CHECK_OK(migrate_sqlite(database));
  HEDDLE_CHECK_OK(database.execute(kNextEpoch));
  RestoredBackup out;
  HEDDLE_TRY(int64_t epoch, database.query_integer("SELECT epoch FROM state"));
  HEDDLE_TRY(int64_t sequence, database.query_integer("SELECT sequence FROM state"));
  HEDDLE_TRY(out.resources, database.query_integer("SELECT count(*) FROM resource"));
  out.version = {static_cast<uint64_t>(epoch), static_cast<uint64_t>(sequence)};
  return out;
}

Result<void> check_free(const std::string& data) {
  std::error_code error;
  bool is_free = !std::filesystem::exists(data, error) || std::filesystem::is_empty(data, error);
  if (is_free && !error) return {};
  return make_error(Reason::kConflict,
                    str_cat(data, " is not empty: a backup is restored into a directory of its own"));
}
}  // namespace

Result<Secret> collect_backup(SqliteDatabase& database, const std::string& data) {
  Scratch scratch(in(data, "backup.tmp"));
  HEDDLE_CHECK_OK(database.copy_to(scratch.path()));
  {
    HEDDLE_TRY(SqliteDatabase copy, SqliteDatabase::open(scratch.path()));
    HEDDLE_CHECK_OK(add_files(copy, data));
  }
  HEDDLE_TRY(std::string bytes, read_file(scratch.path(), kMaxBackup));
  return Secret::take(bytes);
}

Result<RestoredBackup> restore_backup(std::string_view sealed, std::string_view passphrase, const std::string& data) {
  HEDDLE_CHECK_OK(check_free(data));
  HEDDLE_TRY(Secret document, open_document(sealed, passphrase));
  std::string beside = str_cat(data, ".restoring");
  std::error_code error;
  std::filesystem::remove_all(beside, error);
  Result<RestoredBackup> restored = fill(beside, document.view());
  if (restored && std::rename(beside.c_str(), data.c_str()) != 0) {
    restored = make_error(Reason::kIo, str_cat(data, ": ", std::strerror(errno)));
  }
  if (!restored) std::filesystem::remove_all(beside, error);
  return restored;
}

// ca.pem is there with a CA of given files, too: as a copy.
Result<void> check_data_directory(const std::string& data) {
  for (std::string_view name : {"heddle.db", "ca.pem"}) {
    std::error_code error;
    if (std::filesystem::is_regular_file(in(data, name), error)) continue;
    return make_error(Reason::kNotFound, str_cat(data, " is no data directory of a control plane: it has no ", name,
                                                 "; expected is what heddle-control has as --data"));
  }
  return {};
}
}  // namespace heddle
