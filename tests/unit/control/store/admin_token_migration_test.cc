// A database as Heddle wrote it before tokens had roles: it opens, and its token may do what it could.
#include "control/api/access_token.h"
#include "control/store/sqlite_ledger.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace {
constexpr const char* kSchemaTwo = R"sql(
CREATE TABLE state (one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL, sequence INTEGER NOT NULL) STRICT;
INSERT INTO state VALUES (1, 1, 0);
CREATE TABLE resource (key TEXT PRIMARY KEY, bytes BLOB NOT NULL, uid TEXT NOT NULL, generation INTEGER NOT NULL,
  created INTEGER NOT NULL, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL) STRICT;
CREATE TABLE undo (at INTEGER NOT NULL, key TEXT NOT NULL, bytes BLOB, uid TEXT NOT NULL, generation INTEGER NOT NULL,
  created INTEGER NOT NULL, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL, PRIMARY KEY (at, key)) STRICT;
CREATE TABLE join_token (hash BLOB PRIMARY KEY, id TEXT NOT NULL UNIQUE, identity TEXT NOT NULL,
  created INTEGER NOT NULL, expires INTEGER NOT NULL) STRICT;
CREATE TABLE admin_token (hash BLOB PRIMARY KEY, id TEXT NOT NULL UNIQUE, role TEXT NOT NULL,
  created INTEGER NOT NULL) STRICT;
CREATE TABLE lineage (id INTEGER PRIMARY KEY, identity TEXT NOT NULL, latest TEXT NOT NULL UNIQUE,
  previous TEXT NOT NULL, not_after INTEGER NOT NULL, node TEXT NOT NULL DEFAULT '') STRICT;
CREATE INDEX lineage_previous ON lineage (previous);
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
PRAGMA user_version=2;
)sql";

Sha256Digest hash_of(std::string_view text) { return sha256(as_bytes(text)); }

void write_old(const std::string& path) {
  SqliteDatabase old = *SqliteDatabase::open(path);
  ASSERT_TRUE(old.execute(kSchemaTwo));
  SqliteStatement add = *old.prepare("INSERT INTO admin_token (hash, id, role, created) VALUES (?1,?2,?3,?4)");
  ASSERT_TRUE(add.blob(hash_of("secret")).text("admin").text("admin").integer(7).run());
}

TEST(AdminTokenMigration, ATokenOfTheOldSchemaGoesOnWorking) {
  TempDir folder;
  std::string path = folder / "heddle.db";
  write_old(path);

  SqliteDatabase database = *SqliteDatabase::open(path);
  ASSERT_TRUE(migrate_sqlite(database));
  SqliteLedger ledger(database);

  std::optional<AdminTokenRow> row = *ledger.find_admin_token(hash_of("secret"));
  ASSERT_TRUE(row.has_value());
  EXPECT_EQ(row->created, WallTime(Duration(7)));
  EXPECT_FALSE(row->expires.has_value());
  EXPECT_EQ(*grants_of(*row), (AccessGrants{{AccessRole::kAdmin, true}}));
  EXPECT_TRUE(is_lasting_admin(*row));
}

TEST(AdminTokenMigration, RolesAndExpiryAreKept) {
  SqliteDatabase database = *SqliteDatabase::open(":memory:");
  ASSERT_TRUE(migrate_sqlite(database));
  SqliteLedger ledger(database);
  AdminTokenRow ci{"ci", "", WallTime(7s), R"([{"role":"viewer","namespaces":["*"]}])", WallTime(9s)};

  ASSERT_TRUE(ledger.apply({AddAdminToken{hash_of("t"), ci}}));

  AdminTokenRow found = **ledger.find_admin_token(hash_of("t"));
  EXPECT_EQ(found.grants, ci.grants);
  EXPECT_EQ(found.expires, ci.expires);
  EXPECT_EQ((*ledger.admin_tokens())[0].expires, ci.expires);
  EXPECT_FALSE(has_expired(found, WallTime(9s - Duration(1))));
  EXPECT_TRUE(has_expired(found, WallTime(9s)));
}
}  // namespace
}  // namespace heddle
