#include "control/store/sqlite_journal.h"

#include <sys/stat.h>

#include <filesystem>
#include <map>

#include "control/store/sqlite_ledger.h"
#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace {
namespace fs = std::filesystem;

class SqliteFiles : public testing::Test {
 protected:
  SqliteFiles() {
    std::string pattern = (fs::temp_directory_path() / "heddle-store-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~SqliteFiles() override { fs::remove_all(folder_); }

  // A store on a file; the parts live as long as this.
  struct Opened {
    SqliteDatabase database;
    std::unique_ptr<SqliteJournal> journal;
    std::unique_ptr<Store> store;
  };
  Opened open(const fs::path& path) {
    SqliteDatabase database = *SqliteDatabase::open(path.string());
    EXPECT_TRUE(migrate_sqlite(database).has_value());
    return {std::move(database), nullptr, nullptr};
  }
  void start(Opened& opened, uint64_t history = 1000) {
    opened.journal = *SqliteJournal::create(opened.database, {history});
    opened.store = *Store::open(*opened.journal, clock_, random_, {});
  }
  Result<Commit> committed(Opened& opened, Transaction operations) {
    return commit_now(*opened.store, clock_, {std::move(operations)});
  }
  static std::map<std::string, std::string> contents(const View& view) {
    std::map<std::string, std::string> out;
    view.for_each([&out](const StoredResource::Ptr& r) { out.emplace(r->key_text(), r->api_document().compact()); });
    return out;
  }
  // What a machine finds that lost power right now: the files, without anything closed.
  void copy_as_after_a_crash(const fs::path& from, const fs::path& to) {
    fs::copy_file(from, to, fs::copy_options::overwrite_existing);
    fs::path wal = from.string() + "-wal";
    if (fs::exists(wal)) fs::copy_file(wal, to.string() + "-wal", fs::copy_options::overwrite_existing);
  }

  fs::path folder_;
  ManualScheduler clock_;
  SeededRandom random_{5};
};

using SqliteJournalTest = SqliteFiles;

TEST_F(SqliteJournalTest, ARestartContinuesEpochSequenceAndContent) {
  std::map<std::string, std::string> before;
  {
    Opened opened = open(folder_ / "db");
    start(opened);
    ASSERT_TRUE(committed(opened, {PutOperation{backend_set("a")}, PutOperation{backend_set("b")}}).has_value());
    ASSERT_TRUE(committed(opened, {PutOperation{backend_set("a", "2")}}).has_value());
    before = contents(opened.store->view());
  }

  Opened again = open(folder_ / "db");
  start(again);

  EXPECT_EQ(again.store->version(), (Version{1, 2}));
  EXPECT_EQ(contents(again.store->view()), before);
  EXPECT_EQ(committed(again, {PutOperation{backend_set("c")}})->version, (Version{1, 3}));
}

TEST_F(SqliteJournalTest, OldVersionsAreKnownAfterARestart) {
  std::map<std::string, std::string> at_two;
  {
    Opened opened = open(folder_ / "db");
    start(opened);
    ASSERT_TRUE(committed(opened, {PutOperation{backend_set("a")}}).has_value());
    ASSERT_TRUE(committed(opened, {PutOperation{backend_set("b")}, PutOperation{backend_set("a", "2")}}).has_value());
    at_two = contents(opened.store->view());
    ASSERT_TRUE(committed(opened, {EraseOperation{*ResourceKey::parse("BackendSet/default/a")}}).has_value());
    ASSERT_TRUE(committed(opened, {PutOperation{backend_set("a", "3")}}).has_value());
  }

  Opened again = open(folder_ / "db");
  start(again);

  EXPECT_EQ(contents(*again.store->view_at({1, 2})), at_two);
  EXPECT_EQ(again.store->view_at({1, 0})->size(), 0U);
  EXPECT_EQ(again.store->events_after({1, 1}, 10).events.size(), 3U);
}

TEST_F(SqliteJournalTest, HistoryIsBounded) {
  {
    Opened opened = open(folder_ / "db");
    start(opened, 3);
    for (int i = 1; i <= 10; ++i) {
      ASSERT_TRUE(committed(opened, {PutOperation{backend_set("a", std::to_string(i))}}).has_value());
    }
    EXPECT_EQ(*opened.database.query_integer("SELECT count(*) FROM undo"), 3);
  }

  Opened again = open(folder_ / "db");
  start(again, 3);

  EXPECT_EQ(again.store->events_after({1, 7}, 10).state, LogState::kComplete);
  EXPECT_EQ(again.store->events_after({1, 6}, 10).state, LogState::kCompacted);
}

TEST_F(SqliteJournalTest, ACrashAtAnyPointLosesNothingThatWasAnswered) {
  Opened opened = open(folder_ / "db");
  start(opened);
  SeededRandom random(11);

  for (int i = 1; i <= 10; ++i) {
    std::string name = "k" + std::to_string(random.below(5));
    ASSERT_TRUE(committed(opened, {PutOperation{backend_set(name, std::to_string(i))}}).has_value());
    copy_as_after_a_crash(folder_ / "db", folder_ / "copy");
    Opened crashed = open(folder_ / "copy");
    start(crashed);
    ASSERT_EQ(crashed.store->version(), opened.store->version());
    ASSERT_EQ(contents(crashed.store->view()), contents(opened.store->view()));
  }
}

TEST_F(SqliteJournalTest, ATornTransactionIsAsIfItNeverWas) {
  Opened opened = open(folder_ / "db");
  start(opened);
  ASSERT_TRUE(committed(opened, {PutOperation{backend_set("a", "1")}}).has_value());
  std::map<std::string, std::string> first = contents(opened.store->view());
  ASSERT_TRUE(committed(opened, {PutOperation{backend_set("a", "2")}, PutOperation{backend_set("b")}}).has_value());
  copy_as_after_a_crash(folder_ / "db", folder_ / "copy");
  fs::path wal = folder_ / "copy-wal";
  fs::resize_file(wal, fs::file_size(wal) - 1);

  Opened crashed = open(folder_ / "copy");
  start(crashed);

  EXPECT_EQ(crashed.store->version(), (Version{1, 1}));
  EXPECT_EQ(contents(crashed.store->view()), first);
}

TEST_F(SqliteJournalTest, AFailedAppendChangesNothing) {
  Opened opened = open(folder_ / "db");
  start(opened);
  ASSERT_TRUE(committed(opened, {PutOperation{backend_set("a")}}).has_value());
  ASSERT_TRUE(opened.database
                  .execute("CREATE TEMP TRIGGER broken BEFORE UPDATE ON state BEGIN SELECT RAISE(ABORT, 'disk'); END")
                  .has_value());

  Result<Commit> commit = committed(opened, {PutOperation{backend_set("b")}});

  ASSERT_FALSE(commit.has_value());
  EXPECT_EQ(commit.error().reason, Reason::kIo);
  EXPECT_EQ(opened.store->version(), (Version{1, 1}));
  EXPECT_EQ(*opened.database.query_integer("SELECT count(*) FROM resource"), 1);
  ASSERT_TRUE(opened.database.execute("DROP TRIGGER broken").has_value());
  EXPECT_TRUE(committed(opened, {PutOperation{backend_set("b")}}).has_value());
}

TEST_F(SqliteJournalTest, ASecondProcessIsRefused) {
  Opened opened = open(folder_ / "db");

  Result<SqliteDatabase> second = SqliteDatabase::open((folder_ / "db").string());

  ASSERT_FALSE(second.has_value());
  EXPECT_NE(second.error().detail.find("another process has the database open"), std::string::npos)
      << second.error().detail;
}

TEST_F(SqliteJournalTest, AStoreOfANewerSchemaIsRefused) {
  SqliteDatabase database = *SqliteDatabase::open((folder_ / "db").string());
  ASSERT_TRUE(database.execute("PRAGMA user_version=99").has_value());

  Result<void> migrated = migrate_sqlite(database);

  ASSERT_FALSE(migrated.has_value());
  EXPECT_EQ(migrated.error().reason, Reason::kUnsupported);
}

TEST_F(SqliteJournalTest, ANewerSchemaThatSaysSoIsReadAndWrittenAndStaysNewer) {
  std::string path = folder_ / "db";
  {
    Opened opened = open(path);
    ASSERT_TRUE(opened.database.execute("PRAGMA user_version=99; ALTER TABLE lineage ADD COLUMN later TEXT"));
  }

  {
    Opened again = open(path);
    start(again);
    EXPECT_TRUE(committed(again, {PutOperation{backend_set("b")}}).has_value());
    EXPECT_EQ(*again.database.query_integer("PRAGMA user_version"), 99);
    ASSERT_TRUE(again.database.execute("UPDATE meta SET value = CAST('98' AS BLOB) WHERE name = 'min_reader'"));
  }

  SqliteDatabase database = *SqliteDatabase::open(path);
  EXPECT_EQ(migrate_sqlite(database).error().reason, Reason::kUnsupported);
}

TEST_F(SqliteJournalTest, TheFileIsPrivate) {
  Opened opened = open(folder_ / "db");
  struct stat info {};
  ASSERT_EQ(::stat((folder_ / "db").c_str(), &info), 0);

  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST_F(SqliteJournalTest, GarbageIsRefused) {
  std::string text(4096, 'x');
  FILE* file = ::fopen((folder_ / "db").c_str(), "w");
  ::fwrite(text.data(), 1, text.size(), file);
  ::fclose(file);

  EXPECT_FALSE(SqliteDatabase::open((folder_ / "db").string()).has_value());
}

class SqliteLedgerTest : public testing::Test {
 protected:
  SqliteLedgerTest() : database_(*SqliteDatabase::open(":memory:")), ledger_(database_) {
    EXPECT_TRUE(migrate_sqlite(database_).has_value());
  }
  static Sha256Digest hash(std::string_view text) { return sha256(as_bytes(text)); }
  SqliteDatabase database_;
  SqliteLedger ledger_;
};

TEST_F(SqliteLedgerTest, AJoinTokenIsTakenOnce) {
  ASSERT_TRUE(ledger_.apply({AddJoinToken{hash("t"), {"id1", "spiffe://a/b", WallTime(1s), WallTime(2s)}}}));
  std::optional<JoinToken> found = *ledger_.find_join_token(hash("t"));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->identity, "spiffe://a/b");
  EXPECT_EQ(found->expires, WallTime(2s));

  EXPECT_TRUE(ledger_.apply({TakeJoinToken{hash("t")}}));
  EXPECT_EQ(ledger_.apply({TakeJoinToken{hash("t")}}).error().reason, Reason::kNotFound);
  EXPECT_FALSE(ledger_.find_join_token(hash("t"))->has_value());
}

TEST_F(SqliteLedgerTest, DoubleIdsAreConflicts) {
  ASSERT_TRUE(ledger_.apply({AddJoinToken{hash("t"), {"id1", "i", {}, {}}}}));
  ASSERT_TRUE(ledger_.apply({AddAdminToken{hash("t"), {"id1", "admin", {}}}}));

  EXPECT_EQ(ledger_.apply({AddJoinToken{hash("u"), {"id1", "i", {}, {}}}}).error().reason, Reason::kConflict);
  EXPECT_EQ(ledger_.apply({AddAdminToken{hash("u"), {"id1", "admin", {}}}}).error().reason, Reason::kConflict);
}

TEST_F(SqliteLedgerTest, AChangeIsKeptWholeOrNotAtAll) {
  ASSERT_TRUE(ledger_.apply({AddJoinToken{hash("t"), {"id1", "i", {}, WallTime(9s)}}}));

  Result<void> none = ledger_.apply({TakeJoinToken{hash("t")}, SaveLineage{{0, "i", "s1", "", WallTime(9s)}},
                                     PutMeta{"a", "1"}, TakeJoinToken{hash("t")}});

  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().reason, Reason::kNotFound);
  EXPECT_TRUE(ledger_.find_join_token(hash("t"))->has_value());
  EXPECT_TRUE(ledger_.lineages()->empty());
  EXPECT_FALSE(ledger_.meta("a")->has_value());
}

TEST_F(SqliteLedgerTest, AnswersBeforeTheCallReturns) {
  std::vector<std::string> answers;
  auto note = [&answers](const Result<void>& result) { answers.push_back(result ? "ok" : result.error().detail); };

  EXPECT_EQ(ledger_.commit({PutMeta{"a", "1", true}}, note), nullptr);
  EXPECT_EQ(ledger_.commit({PutMeta{"a", "2", true}}, note), nullptr);
  EXPECT_EQ(ledger_.sync(note), nullptr);

  EXPECT_EQ(answers, (std::vector<std::string>{"ok", "the document a exists already", "ok"}));
  EXPECT_EQ(**ledger_.meta("a"), "1");
}

TEST_F(SqliteLedgerTest, LineagesAreFoundByEitherSerial) {
  ASSERT_TRUE(ledger_.apply({SaveLineage{{0, "i", "s1", "", WallTime(9s)}}}));
  Lineage lineage = **ledger_.find_lineage("s1");
  lineage.previous = "s1";
  lineage.latest = "s2";
  ASSERT_TRUE(ledger_.apply({SaveLineage{lineage}}));

  EXPECT_EQ((*ledger_.find_lineage("s1"))->id, lineage.id);
  EXPECT_EQ((*ledger_.find_lineage("s2"))->id, lineage.id);
  EXPECT_FALSE((*ledger_.find_lineage("")).has_value());
  EXPECT_FALSE((*ledger_.find_lineage("s3")).has_value());
}

TEST_F(SqliteLedgerTest, ExpiredRecordsAreForgotten) {
  ASSERT_TRUE(ledger_.apply(
      {AddJoinToken{hash("t"), {"old", "i", {}, WallTime(5s)}}, AddJoinToken{hash("u"), {"new", "i", {}, WallTime(6s)}},
       SaveLineage{{0, "i", "s1", "", WallTime(5s)}}, SaveLineage{{0, "i", "s2", "", WallTime(6s), "n"}}}));

  ASSERT_TRUE(ledger_.apply({ExpireRecords{WallTime(5s), WallTime(5s) - Ledger::kKeepExpired}}));
  EXPECT_EQ(ledger_.join_tokens()->size(), 1U);
  EXPECT_EQ(ledger_.lineages()->size(), 2U);

  ASSERT_TRUE(ledger_.apply({ExpireRecords{WallTime(5s) + Ledger::kKeepExpired, WallTime(5s)}}));
  ASSERT_EQ(ledger_.lineages()->size(), 1U);
  EXPECT_EQ((*ledger_.lineages())[0].node, "n");
}

TEST_F(SqliteLedgerTest, KeepsAdminTokensAndMeta) {
  ASSERT_TRUE(ledger_.apply({AddAdminToken{hash("t"), {"root", "admin", WallTime(1s)}}}));
  ASSERT_TRUE(ledger_.apply({PutMeta{"a", "1"}}));
  ASSERT_TRUE(ledger_.apply({PutMeta{"a", "2"}}));

  EXPECT_EQ((*ledger_.find_admin_token(hash("t")))->id, "root");
  EXPECT_EQ(ledger_.admin_tokens()->size(), 1U);
  EXPECT_EQ(**ledger_.meta("a"), "2");
  EXPECT_FALSE((*ledger_.meta("b")).has_value());
  EXPECT_TRUE(ledger_.apply({RemoveAdminToken{"root"}}));
  EXPECT_EQ(ledger_.apply({RemoveAdminToken{"root"}}).error().reason, Reason::kNotFound);
}
}  // namespace
}  // namespace heddle
