#include "control/backup/backup.h"

#include <filesystem>

#include "certs/sealed_document.h"
#include "control/store/sqlite_ledger.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace {
namespace fs = std::filesystem;
constexpr int kFew = 1000;

struct ControlPlane {
  explicit ControlPlane(const std::string& data) : database(*SqliteDatabase::open(data + "/heddle.db")) {
    EXPECT_TRUE(migrate_sqlite(database).has_value());
    journal = *SqliteJournal::create(database, {});
    store = *Store::open(*journal, clock, random, {});
  }
  ManualScheduler clock;
  SeededRandom random{5};
  SqliteDatabase database;
  SqliteLedger ledger{database};
  std::unique_ptr<SqliteJournal> journal;
  std::unique_ptr<Store> store;
};

class BackupTest : public testing::Test {
 protected:
  BackupTest() {
    EXPECT_TRUE(ensure_private_dir(data_).has_value());
    EXPECT_TRUE(atomic_write(data_ + "/ca.pem", "the root and its key", kPrivateFile).has_value());
    EXPECT_TRUE(atomic_write(data_ + "/audit.log", "lines", kPrivateFile).has_value());
    ControlPlane plane(data_);
    for (std::string_view port : {"1", "2", "3"}) {
      EXPECT_TRUE(commit_now(*plane.store, plane.clock, {{PutOperation{backend_set("a", port)}}}).has_value());
    }
    EXPECT_TRUE(plane.ledger.apply({AddAdminToken{sha256(as_bytes("token")), {"root", "admin", {}}}}).has_value());
    sealed_ = *seal_document(collect_backup(plane.database, data_, WallTime(100s))->view(), "secret", kFew);
    bytes_ = plane.store->view().find(*ResourceKey::parse("BackendSet/default/a"))->bytes();
  }
  Result<RestoredBackup> restore(const std::string& data) {
    return restore_backup(sealed_, "secret", data, WallTime(200s));
  }
  TempDir folder_;
  std::string data_ = folder_ / "data";
  std::string other_ = folder_ / "other";
  std::string sealed_;
  std::string bytes_;
};

TEST_F(BackupTest, BringsStoreTokensAndCaToAnotherMachine) {
  Result<RestoredBackup> restored = restore(other_);
  ASSERT_TRUE(restored.has_value()) << restored.error().text();

  ControlPlane plane(other_);
  EXPECT_EQ(restored->version, (Version{2, 3}));
  EXPECT_EQ(restored->resources, 1);
  EXPECT_EQ(plane.store->version(), (Version{2, 3}));
  EXPECT_EQ(plane.store->view().find(*ResourceKey::parse("BackendSet/default/a"))->bytes(), bytes_);
  EXPECT_EQ((*plane.ledger.find_admin_token(sha256(as_bytes("token"))))->id, "root");
  EXPECT_EQ(*read_file(other_ + "/ca.pem", 100), "the root and its key");
  EXPECT_FALSE(fs::exists(other_ + "/audit.log"));
  EXPECT_EQ(plane.store->events_after({2, 2}, 1).state, LogState::kCompacted);
  EXPECT_EQ(commit_now(*plane.store, plane.clock, {{PutOperation{backend_set("b")}}})->version, (Version{2, 4}));
}

TEST_F(BackupTest, LeavesNothingBesideTheStore) {
  for (const auto& entry : fs::directory_iterator(data_)) {
    EXPECT_EQ(entry.path().filename().string().find("backup"), std::string::npos) << entry.path();
  }
}

TEST_F(BackupTest, SaysWhenItWasMadeAndRestored) {
  ASSERT_TRUE(restore(other_).has_value());

  ControlPlane plane(other_);
  EXPECT_EQ(*plane.ledger.meta(kBackedUpAt), std::to_string(Duration(100s).count()));
  EXPECT_EQ(*plane.ledger.meta(kRestoredAt), std::to_string(Duration(200s).count()));
  EXPECT_FALSE(ControlPlane(data_).ledger.meta(kBackedUpAt)->has_value()) << "the store itself was written to";
}

// What is in a log beside it would not be in the document.
TEST_F(BackupTest, TheDocumentIsOneFile) {
  SqliteDatabase database = *SqliteDatabase::open(data_ + "/heddle.db");
  Secret document = *collect_backup(database, data_, {});

  constexpr size_t kWriteVersion = 18;  // SQLite's file format §1.3.3: 1 is a rollback journal, 2 is WAL
  EXPECT_EQ(document.view().at(kWriteVersion), '\1');
}

TEST_F(BackupTest, AnOlderSchemaIsMigratedByTheRestoreAlone) {
  std::string old = folder_ / "old";
  ASSERT_TRUE(ensure_private_dir(old).has_value());
  SqliteDatabase database = *SqliteDatabase::open(old + "/heddle.db");
  ASSERT_TRUE(migrate_sqlite(database).has_value());
  ASSERT_TRUE(database.execute(
      "DROP TABLE note; ALTER TABLE lineage DROP COLUMN pod; ALTER TABLE admin_token DROP COLUMN grants;"
      "ALTER TABLE admin_token DROP COLUMN expires; PRAGMA user_version=2"));

  sealed_ = *seal_document(collect_backup(database, old, {})->view(), "secret", kFew);
  ASSERT_TRUE(restore(other_).has_value());

  EXPECT_EQ(*database.query_integer("PRAGMA user_version"), 2);
  EXPECT_TRUE(ControlPlane(other_).ledger.admin_tokens().has_value());
}

TEST_F(BackupTest, IsRestoredInsideADirectoryThatIsThere) {
  ASSERT_TRUE(ensure_private_dir(other_).has_value());
  ASSERT_TRUE(ensure_private_dir(other_ + "/lost+found").has_value());

  Result<RestoredBackup> restored = restore(other_);

  ASSERT_TRUE(restored.has_value()) << restored.error().text();
  EXPECT_TRUE(fs::exists(other_ + "/lost+found")) << "another directory is in its place";
  EXPECT_FALSE(fs::exists(other_ + "/.restoring"));
  EXPECT_EQ(*read_file(other_ + "/ca.pem", 100), "the root and its key");
  EXPECT_EQ(ControlPlane(other_).store->version(), (Version{2, 3}));
}

TEST_F(BackupTest, ACrashBeforeTheStoreCameIntoPlaceIsRestoredOver) {
  ASSERT_TRUE(ensure_private_dir(other_).has_value());
  ASSERT_TRUE(ensure_private_dir(other_ + "/.restoring").has_value());
  ASSERT_TRUE(atomic_write(other_ + "/ca.pem", "half", kPrivateFile).has_value());

  ASSERT_TRUE(restore(other_).has_value());

  EXPECT_EQ(*read_file(other_ + "/ca.pem", 100), "the root and its key");
}

TEST_F(BackupTest, OverwritesNobody) {
  Result<RestoredBackup> restored = restore(data_);

  ASSERT_FALSE(restored.has_value());
  EXPECT_EQ(restored.error().reason, Reason::kConflict);
  EXPECT_EQ(*read_file(data_ + "/audit.log", 100), "lines");
}

TEST_F(BackupTest, WhatCannotBeReadLeavesNoDirectory) {
  std::string strange = *seal_document("no database", "secret", kFew);

  EXPECT_EQ(restore_backup(sealed_, "Secret", other_, {}).error().reason, Reason::kConfigInvalid);
  EXPECT_FALSE(restore_backup(strange, "secret", other_, {}).has_value());
  EXPECT_FALSE(restore_backup(sealed_.substr(1), "secret", other_, {}).has_value());
  EXPECT_FALSE(fs::exists(other_));
  EXPECT_FALSE(fs::exists(other_ + ".restoring"));
}

TEST_F(BackupTest, OnlyOfADirectoryThatHoldsAControlPlane) {
  EXPECT_TRUE(check_data_directory(data_).has_value());
  EXPECT_FALSE(check_data_directory(other_).has_value()) << "it is not there";
  ASSERT_TRUE(ensure_private_dir(other_).has_value());
  ASSERT_TRUE(atomic_write(other_ + "/snapshot.json", "of a sidecar", kPrivateFile).has_value());

  Result<void> sidecars = check_data_directory(other_);
  ASSERT_FALSE(sidecars.has_value());
  EXPECT_EQ(sidecars.error().reason, Reason::kNotFound);
  EXPECT_NE(sidecars.error().detail.find("heddle.db"), std::string::npos) << sidecars.error().detail;
  EXPECT_FALSE(fs::exists(other_ + "/heddle.db"));
  fs::remove(data_ + "/ca.pem");
  EXPECT_NE(check_data_directory(data_).error().detail.find("ca.pem"), std::string::npos);
}
}  // namespace
}  // namespace heddle
