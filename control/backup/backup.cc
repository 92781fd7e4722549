#include "control/backup/backup.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <set>

#include "certs/sealed_document.h"
#include "control/store/sqlite_ledger.h"
#include "control/store/sqlite_schema.h"
#include "lib/base/file.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
namespace fs = std::filesystem;
constexpr std::array<std::string_view, 3> kFiles = {"ca.pem", "ca.rotation", "admin.context"};
constexpr size_t kMaxFile = 4 << 20;
constexpr const char* kTable = "CREATE TABLE backup_file (name TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT";
// What was at a version of the old epoch is nobody's past in the new one.
constexpr const char* kNextEpoch =
    "UPDATE state SET epoch = epoch + 1; DELETE FROM undo; DELETE FROM note; DROP TABLE backup_file;"
    "DELETE FROM meta WHERE name LIKE 'adopted:%'";  // they were known at the backup
constexpr std::string_view kStore = "heddle.db";
constexpr std::string_view kInside = ".restoring";

std::string in(std::string_view directory, std::string_view name) { return str_cat(directory, "/", name); }

bool is_kept_file(std::string_view name) { return std::find(kFiles.begin(), kFiles.end(), name) != kFiles.end(); }

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

Result<void> note_time(SqliteDatabase& database, std::string_view name, WallTime time) {
  return SqliteLedger(database).apply({PutMeta{std::string(name), std::to_string(time.since_epoch().count())}});
}

// Out of WAL: what was written is in the file itself, not in one beside it.
Result<void> into_one_file(SqliteDatabase& database) {
  HEDDLE_TRY(SqliteStatement change, database.prepare("PRAGMA journal_mode=DELETE"));
  HEDDLE_TRY(bool row, change.step());
  if (row && change.column_text(0) == "delete") return {};
  return make_error(Reason::kIo, "sqlite: the copy cannot be written into one file");
}

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
    if (!is_kept_file(name)) {
      return make_error(Reason::kConfigInvalid,
                        str_cat("the backup holds a file that is not known here: ", in_quotes(name)));
    }
    HEDDLE_CHECK_OK(atomic_write(in(directory, name), rows.column_text(1), kPrivateFile));
  }
}

Result<RestoredBackup> fill(const std::string& directory, std::string_view bytes, WallTime now) {
  HEDDLE_CHECK_OK(ensure_private_dir(directory));
  HEDDLE_CHECK_OK(atomic_write(in(directory, kStore), bytes, kPrivateFile));
  HEDDLE_TRY(SqliteDatabase database, SqliteDatabase::open(in(directory, kStore)));
  HEDDLE_CHECK_OK(write_files(database, directory));
  HEDDLE_CHECK_OK(migrate_sqlite(database));
  HEDDLE_CHECK_OK(database.execute(kNextEpoch));
  HEDDLE_CHECK_OK(note_time(database, kRestoredAt, now));
  RestoredBackup out;
  HEDDLE_TRY(int64_t epoch, database.query_integer("SELECT epoch FROM state"));
  HEDDLE_TRY(int64_t sequence, database.query_integer("SELECT sequence FROM state"));
  HEDDLE_TRY(out.resources, database.query_integer("SELECT count(*) FROM resource"));
  out.version = {static_cast<uint64_t>(epoch), static_cast<uint64_t>(sequence)};
  HEDDLE_CHECK_OK(into_one_file(database));
  return out;
}

// Of a crash between the first file that came into place and the last, the store.
bool is_half_restored(const std::set<std::string>& names) {
  if (!names.contains(std::string(kInside))) return false;
  return std::all_of(names.begin(), names.end(),
                     [](const std::string& name) { return name == kInside || is_kept_file(name); });
}

Result<void> check_free(const std::string& data) {
  std::error_code error;
  std::set<std::string> names;
  for (fs::directory_iterator at(data, error), end; !error && at != end; at.increment(error)) {
    names.insert(at->path().filename().string());
  }
  if (error) return make_error(Reason::kIo, str_cat(data, ": ", error.message()));
  names.erase("lost+found");
  if (names.empty() || is_half_restored(names)) return {};
  return make_error(Reason::kConflict,
                    str_cat(data, " is not empty: a backup is restored into a directory of its own"));
}

Result<void> move(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) == 0) return {};
  return make_error(Reason::kIo, str_cat(to, ": ", std::strerror(errno)));
}

// The store last: without it nobody takes the directory for a control plane's.
Result<void> move_files(const std::string& from, const std::string& data) {
  for (std::string_view name : kFiles) {
    if (fs::exists(in(from, name))) HEDDLE_CHECK_OK(move(in(from, name), in(data, name)));
  }
  return move(in(from, kStore), in(data, kStore));
}
}  // namespace

Result<Secret> collect_backup(SqliteDatabase& database, const std::string& data, WallTime now) {
  Scratch scratch(in(data, "backup.tmp"));
  HEDDLE_CHECK_OK(database.copy_to(scratch.path()));
  {
    HEDDLE_TRY(SqliteDatabase copy, SqliteDatabase::open(scratch.path()));
    HEDDLE_CHECK_OK(add_files(copy, data));
    HEDDLE_CHECK_OK(note_time(copy, kBackedUpAt, now));
    HEDDLE_CHECK_OK(into_one_file(copy));
  }
  HEDDLE_TRY(std::string bytes, read_file(scratch.path(), kMaxBackup));
  return Secret::take(bytes);
}

// A directory that is there may be a mount: nothing can be renamed onto it.
Result<RestoredBackup> restore_backup(std::string_view sealed, std::string_view passphrase, const std::string& data,
                                      WallTime now) {
  bool is_there = is_directory(data);
  if (is_there) HEDDLE_CHECK_OK(check_free(data));
  HEDDLE_TRY(Secret document, open_document(sealed, passphrase));
  std::string beside = is_there ? in(data, kInside) : str_cat(data, ".restoring");
  std::error_code error;
  fs::remove_all(beside, error);
  Result<RestoredBackup> restored = fill(beside, document.view(), now);
  Result<void> moved;
  if (restored) moved = is_there ? move_files(beside, data) : move(beside, data);
  if (!moved) restored = std::move(moved).error();
  if (is_there || !restored) fs::remove_all(beside, error);
  return restored;
}

// ca.pem is there with a CA of given files, too: as a copy.
Result<void> check_data_directory(const std::string& data) {
  for (std::string_view name : {"heddle.db", "ca.pem"}) {
    std::error_code error;
    if (std::filesystem::is_regular_file(in(data, name), error)) continue;
    return make_error(Reason::kNotFound,
                      str_cat(data, " is no data directory of a control plane: it has no ", name,
                              "; expected is what heddle-control has as --data (with --store etcd the mesh is in etcd: "
                              "keep it by `etcdctl snapshot save`)"));
  }
  return {};
}
}  // namespace heddle
