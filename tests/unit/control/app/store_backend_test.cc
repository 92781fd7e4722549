#include "control/app/store_backend.h"

#include <gtest/gtest.h>

#include "control/app/data_lock.h"
#include "control/app/health.h"
#include "tests/support/temp_dir.h"

namespace heddle {
namespace {
constexpr WallTime kThen{1'800'000'000s};

TEST(StoreBackend, OfTwoHealthsTheWorseCounts) {
  JournalHealth well{true, kThen, ""};
  JournalHealth older{true, kThen - 3s, ""};
  JournalHealth ill{false, kThen + 5s, "no quorum"};
  JournalHealth ill_for_longer{false, kThen - 5s, "stuck"};

  EXPECT_TRUE(worse_of(well, older).is_current);
  EXPECT_EQ(worse_of(well, older).since, kThen - 3s);
  EXPECT_EQ(worse_of(well, ill).problem, "no quorum");
  EXPECT_EQ(worse_of(ill, well).since, kThen + 5s);
  EXPECT_FALSE(worse_of(ill, ill_for_longer).is_current);
  EXPECT_EQ(worse_of(ill, ill_for_longer).since, kThen - 5s);
}

TEST(StoreBackend, AStoreThatIsNotCurrentIsToldButKeepsNobodyFromBeingReady) {
  Readiness readiness;
  std::string remark = readiness_text(JournalHealth{false, kThen, "no quorum"});

  RpcResponse answer = readiness_answer(readiness, remark);

  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "ready\nstore: not current since 2027-01-15T08:00:00.000Z: no quorum\n");
}

TEST(StoreBackend, OfAStoreThatIsCurrentNothingIsSaid) {
  Readiness readiness;
  Readiness::Blocker draining = readiness.block("draining");

  EXPECT_EQ(readiness_text(JournalHealth{}), "");
  EXPECT_EQ(readiness_text(std::nullopt), "");
  EXPECT_EQ(readiness_answer(readiness, "").status, 503);
  EXPECT_EQ(readiness_answer(readiness, "").body, "not ready: draining\n");
}

TEST(SqliteBackend, LeadsAloneAndIsAlwaysCurrent) {
  TempDir folder;
  auto opened = SqliteBackend::open(folder / "heddle.db", "one");
  ASSERT_TRUE(opened.has_value()) << opened.error().text();
  StoreBackend& backend = **opened;
  bool has_resigned = false;

  Pending resigning = backend.resign([&] { has_resigned = true; });

  for (SoleTask task : kSoleTasks) {
    EXPECT_TRUE(backend.leadership(task).leads());
    EXPECT_EQ(backend.leader(task), "one");
  }
  EXPECT_FALSE(backend.health().has_value());
  EXPECT_EQ(backend.etcd(), nullptr);
  EXPECT_EQ(backend.reads(), nullptr) << "nobody waits";
  EXPECT_TRUE(has_resigned) << "nobody has to be told";
  EXPECT_TRUE(backend.ledger().admin_tokens().has_value());
}

TEST(DataLock, KeepsASecondProcessOff) {
  TempDir folder;
  auto first = DataLock::take(folder.path());
  ASSERT_TRUE(first.has_value()) << first.error().text();

  auto second = DataLock::take(folder.path());
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().reason, Reason::kConflict);
  EXPECT_NE(second.error().detail.find("another process"), std::string::npos);

  first = make_error(Reason::kCancelled, "given back");
  EXPECT_TRUE(DataLock::take(folder.path()).has_value());
}
}  // namespace
}  // namespace heddle
