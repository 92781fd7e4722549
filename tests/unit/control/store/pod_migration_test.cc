// A database as Heddle wrote it before certificates could be a pod's: it opens, and nothing of it is lost.
#include "control/store/sqlite_ledger.h"
#include "control/store/sqlite_schema.h"
#include "lib/base/bytes.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace {
constexpr const char* kSchemaFour = R"sql(
CREATE TABLE state (one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL, sequence INTEGER NOT NULL) STRICT;
INSERT INTO state VALUES (1, 7, 42);
CREATE TABLE resource (key TEXT PRIMARY KEY, bytes BLOB NOT NULL, uid TEXT NOT NULL, generation INTEGER NOT NULL,
  created INTEGER NOT NULL, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL) STRICT;
CREATE TABLE undo (at INTEGER NOT NULL, key TEXT NOT NULL, bytes BLOB, uid TEXT NOT NULL, generation INTEGER NOT NULL,
  created INTEGER NOT NULL, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL, PRIMARY KEY (at, key)) STRICT;
CREATE TABLE join_token (hash BLOB PRIMARY KEY, id TEXT NOT NULL UNIQUE, identity TEXT NOT NULL,
  created INTEGER NOT NULL, expires INTEGER NOT NULL) STRICT;
CREATE TABLE admin_token (hash BLOB PRIMARY KEY, id TEXT NOT NULL UNIQUE, role TEXT NOT NULL,
  created INTEGER NOT NULL, grants TEXT NOT NULL DEFAULT '', expires INTEGER) STRICT;
CREATE TABLE lineage (id INTEGER PRIMARY KEY, identity TEXT NOT NULL, latest TEXT NOT NULL UNIQUE,
  previous TEXT NOT NULL, not_after INTEGER NOT NULL, node TEXT NOT NULL DEFAULT '') STRICT;
CREATE INDEX lineage_previous ON lineage (previous);
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE note (at INTEGER PRIMARY KEY, author TEXT NOT NULL, message TEXT NOT NULL, time INTEGER NOT NULL) STRICT;
PRAGMA user_version=4;
INSERT INTO meta VALUES ('min_reader', CAST('4' AS BLOB)), ('ca', CAST('kept' AS BLOB));
INSERT INTO note VALUES (42, 'ann', 'why', 5);
INSERT INTO resource VALUES ('Service/default/a', CAST('{}' AS BLOB), 'u', 1, 2, 7, 42);
INSERT INTO lineage VALUES (1, 'spiffe://cluster.local/ns/default/sa/web', 'aa02', 'aa01', 900, 'web-1');
INSERT INTO lineage VALUES (3, 'spiffe://cluster.local/ns/default/sa/api', 'bb01', '', 800, '');
)sql";

class PodMigrationTest : public testing::Test {
 protected:
  PodMigrationTest() {
    SqliteDatabase old = *SqliteDatabase::open(path_);
    EXPECT_TRUE(old.execute(kSchemaFour));
    SqliteStatement join = *old.prepare("INSERT INTO join_token VALUES (?1, 'j', 'spiffe://cluster.local/x', 1, 2)");
    EXPECT_TRUE(join.blob(sha256(as_bytes("join"))).run());
    SqliteStatement admin = *old.prepare("INSERT INTO admin_token VALUES (?1, 'ci', '', 3, '[]', 4)");
    EXPECT_TRUE(admin.blob(sha256(as_bytes("admin"))).run());
  }
  SqliteDatabase migrated() {
    SqliteDatabase database = *SqliteDatabase::open(path_);
    Result<void> done = migrate_sqlite(database);
    EXPECT_TRUE(done) << done.error().text();
    return database;
  }
  static std::string min_reader(SqliteDatabase& database) {
    return SqliteLedger(database).meta("min_reader")->value_or("none");
  }
  TempDir folder_;
  std::string path_ = folder_ / "heddle.db";
};

TEST_F(PodMigrationTest, CertificatesThatWereGivenToNoPodStayWhatTheyAre) {
  SqliteDatabase database = migrated();
  SqliteLedger ledger(database);

  std::vector<Lineage> all = *ledger.lineages();

  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].id, 1);
  EXPECT_EQ(all[0].identity, "spiffe://cluster.local/ns/default/sa/web");
  EXPECT_EQ(all[0].latest, "aa02");
  EXPECT_EQ(all[0].previous, "aa01");
  EXPECT_EQ(all[0].not_after, WallTime(Duration(900)));
  EXPECT_EQ(all[0].node, "web-1");
  EXPECT_EQ(all[1].id, 3);
  for (const Lineage& one : all) EXPECT_EQ(one.pod, "") << one.latest;
  EXPECT_EQ((*ledger.find_lineage("aa01"))->id, 1) << "by its predecessor too";
}

TEST_F(PodMigrationTest, EveryOtherTableKeepsItsRows) {
  SqliteDatabase database = migrated();
  SqliteLedger ledger(database);

  EXPECT_EQ((*ledger.find_join_token(sha256(as_bytes("join"))))->id, "j");
  EXPECT_EQ((*ledger.find_admin_token(sha256(as_bytes("admin"))))->expires, WallTime(Duration(4)));
  EXPECT_EQ(ledger.meta("ca")->value_or("none"), "kept");
  EXPECT_EQ(*database.query_integer("SELECT sequence FROM state"), 42);
  EXPECT_EQ(*database.query_integer("SELECT count(*) FROM resource WHERE key = 'Service/default/a'"), 1);
  EXPECT_EQ(*database.query_integer("SELECT time FROM note WHERE at = 42 AND author = 'ann'"), 5);
}

TEST_F(PodMigrationTest, ItIsDoneOnce) {
  { SqliteDatabase first = migrated(); }
  SqliteDatabase again = migrated();

  EXPECT_EQ(*again.query_integer("SELECT count(*) FROM lineage"), 2);
  EXPECT_EQ(*again.query_integer("SELECT count(*) FROM pragma_table_info('lineage') WHERE name = 'pod'"), 1);
}

TEST_F(PodMigrationTest, WhoHasNoPodsMayGoBackToTheHeddleBefore) {
  SqliteDatabase database = migrated();
  SqliteLedger ledger(database);
  Lineage web = **ledger.find_lineage("aa02");
  web.previous = web.latest;
  web.latest = "aa03";

  ASSERT_TRUE(ledger.apply({SaveLineage{web}}));

  EXPECT_EQ(min_reader(database), "4");
}

TEST_F(PodMigrationTest, TheFirstCertificateOfAPodClosesTheWayBackAndIsKept) {
  {
    SqliteDatabase database = migrated();
    SqliteLedger ledger(database);
    Lineage pod{0, "spiffe://cluster.local/ns/default/sa/web", "cc01", "", WallTime(Duration(950))};
    pod.pod = "uid-0";
    ASSERT_TRUE(ledger.apply({SaveLineage{pod}}));
  }

  SqliteDatabase database = migrated();

  SqliteLedger ledger(database);
  EXPECT_EQ((*ledger.find_lineage("cc01"))->pod, "uid-0");
  EXPECT_EQ(ledger.lineages()->size(), 3U);
  EXPECT_EQ(min_reader(database), "5");
}
}  // namespace
}  // namespace heddle
