#include "control/store/sqlite_schema.h"

#include "lib/base/strings.h"

namespace heddle {
namespace {
// Times are nanoseconds since 1970. Migrations are only ever appended.
constexpr const char* kMigrations[] = {
    R"sql(
CREATE TABLE state (one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL, sequence INTEGER NOT NULL) STRICT;
INSERT INTO state VALUES (1, 1, 0);
CREATE TABLE resource (key TEXT PRIMARY KEY, bytes BLOB NOT NULL, uid TEXT NOT NULL, generation INTEGER NOT NULL,
  created INTEGER NOT NULL, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL) STRICT;
-- What transaction `at` replaced; bytes NULL: it created the resource.
CREATE TABLE undo (at INTEGER NOT NULL, key TEXT NOT NULL, bytes BLOB, uid TEXT NOT NULL, generation INTEGER NOT NULL,
  created INTEGER NOT NULL, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL, PRIMARY KEY (at, key)) STRICT;
CREATE TABLE join_token (hash BLOB PRIMARY KEY, id TEXT NOT NULL UNIQUE, identity TEXT NOT NULL,
  created INTEGER NOT NULL, expires INTEGER NOT NULL) STRICT;
CREATE TABLE admin_token (hash BLOB PRIMARY KEY, id TEXT NOT NULL UNIQUE, role TEXT NOT NULL,
  created INTEGER NOT NULL) STRICT;
-- One row per attested sidecar: its newest serial, and the one before it while the newest was not seen in use.
CREATE TABLE lineage (id INTEGER PRIMARY KEY, identity TEXT NOT NULL, latest TEXT NOT NULL UNIQUE,
  previous TEXT NOT NULL, not_after INTEGER NOT NULL) STRICT;
CREATE INDEX lineage_previous ON lineage (previous);
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
)sql",
    "ALTER TABLE lineage ADD COLUMN node TEXT NOT NULL DEFAULT ''",
    // Who made transaction `at`, when and why.
    "CREATE TABLE note (at INTEGER PRIMARY KEY, author TEXT NOT NULL, message TEXT NOT NULL, time INTEGER NOT NULL) "
    "STRICT",
    // Rows without grants are of the role "admin"; expires NULL: never.
    "ALTER TABLE admin_token ADD COLUMN grants TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE admin_token ADD COLUMN expires INTEGER",
    // uid of the pod; else empty.
    "ALTER TABLE lineage ADD COLUMN pod TEXT NOT NULL DEFAULT ''",
};
constexpr int64_t kSchemaVersion = std::size(kMigrations);
// The oldest schema whose Heddle may open this one: what only adds leaves it alone. Before 4, a token with grants would
// be taken for something else. Before 5 (kPodReader), the certificate of a pod would renew without its pod: that is
// said once there is one.
constexpr int64_t kMinReader = 4;
constexpr int64_t kPodReader = 5;

// 0: it does not say.
int64_t min_reader_of(SqliteDatabase& db) {
  Result<int64_t> found = db.query_integer("SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'min_reader'");
  return found ? *found : 0;
}

Result<void> say_min_reader(SqliteDatabase& db, int64_t least) {
  if (min_reader_of(db) >= least) return {};
  return db.execute(
      str_cat("INSERT OR REPLACE INTO meta VALUES ('min_reader', CAST('", std::to_string(least), "' AS BLOB))")
          .c_str());
}
}  // namespace

Result<void> need_pod_reader(SqliteDatabase& db) { return say_min_reader(db, kPodReader); }

Result<void> migrate_sqlite(SqliteDatabase& db) {
  HEDDLE_TRY(int64_t version, db.query_integer("PRAGMA user_version"));
  if (version > kSchemaVersion) {
    int64_t reader = min_reader_of(db);
    if (reader > 0 && reader <= kSchemaVersion) return {};  // it stays as new as it is
    return make_error(Reason::kUnsupported,
                      str_cat("the store was written by a newer Heddle (schema ", std::to_string(version),
                              "; this one knows ", std::to_string(kSchemaVersion), ")"));
  }
  for (int64_t next = version; next < kSchemaVersion; ++next) {
    HEDDLE_TRY(SqliteTransaction transaction, SqliteTransaction::begin(db));
    HEDDLE_CHECK_OK(db.execute(kMigrations[next]));
    HEDDLE_CHECK_OK(db.execute(str_cat("PRAGMA user_version=", std::to_string(next + 1)).c_str()));
    HEDDLE_CHECK_OK(transaction.commit());
  }
  return say_min_reader(db, kMinReader);
}
}  // namespace heddle
