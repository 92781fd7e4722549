#include "control/store/ledger_tries.h"

#include "control/store/sqlite_schema.h"
#include "tests/support/ledger_now.h"
#include "tests/support/slow_ledger.h"

namespace heddle {
namespace {
using Sight = LedgerTries::Sight;
using Judged = LedgerTries::Judged;

class LedgerTriesTest : public testing::Test {
 protected:
  LedgerTriesTest() : database_(*SqliteDatabase::open(":memory:")), kept_(database_) {
    EXPECT_TRUE(migrate_sqlite(database_).has_value());
  }
  Ledger::Done note() {
    return [this](const Result<void>& result) { answers_.push_back(result ? "ok" : result.error().text()); };
  }
  static Judged put(std::string value) { return LedgerChange{PutMeta{"a", std::move(value)}}; }
  using Answers = std::vector<std::string>;
  SqliteDatabase database_;
  SqliteLedger kept_;
  SlowLedger slow_{kept_};
  LedgerTries tries_{slow_};
  Answers answers_;
};

TEST_F(LedgerTriesTest, WhatIsKeptIsAnsweredOnce) {
  tries_.run([](Sight) { return put("1"); }, note());
  EXPECT_EQ(tries_.size(), 1U);
  EXPECT_TRUE(answers_.empty());

  slow_.answer();

  EXPECT_EQ(answers_, Answers{"ok"});
  EXPECT_EQ(tries_.size(), 0U);
  EXPECT_EQ(**kept_.meta("a"), "1");
}

TEST_F(LedgerTriesTest, NothingToDoAndARefusalAskNothingOfTheLedger) {
  tries_.run([](Sight) { return Judged(LedgerChange{}); }, note());
  tries_.run([](Sight) { return Judged(make_error(Reason::kForbidden, "no")); }, note());

  EXPECT_EQ(answers_, (Answers{"ok", "forbidden: no"}));
  EXPECT_EQ(slow_.waiting(), 0U);
}

TEST_F(LedgerTriesTest, WhatIsMissingIsLookedForOnce) {
  int looks = 0;
  auto judge = [&looks](Sight sight) -> Judged {
    ++looks;
    if (sight == Sight::kMaybeOld) return std::optional<LedgerChange>();
    return make_error(Reason::kUnauthenticated, "nobody knows it");
  };
  tries_.run(judge, note());
  slow_.answer();

  EXPECT_EQ(looks, 2);
  EXPECT_EQ(answers_, Answers{"unauthenticated: nobody knows it"});
}

TEST_F(LedgerTriesTest, AConflictIsJudgedAnewAndAtLastTold) {
  int tries = 0;
  tries_.run([&tries](Sight) { return put(std::to_string(++tries)); }, note());

  while (answers_.empty()) slow_.is_sync() ? slow_.answer() : slow_.refuse(Reason::kConflict);

  EXPECT_EQ(tries, LedgerTries::kMaxTries);
  EXPECT_EQ(answers_[0].find("unavailable: "), 0U);
}

TEST_F(LedgerTriesTest, OtherErrorsAreFinal) {
  tries_.run([](Sight) { return put("1"); }, note());
  slow_.refuse(Reason::kIo);

  EXPECT_EQ(answers_, Answers{"io: the ledger says no"});
  EXPECT_EQ(slow_.waiting(), 0U);
}

// SQLite answers inside the call.
TEST_F(LedgerTriesTest, GoesOnWhereTheLedgerAnswersAtOnce) {
  LedgerTries at_once(kept_);
  ASSERT_TRUE(commit_now(kept_, {PutMeta{"taken", ""}}));
  int looks = 0;
  auto judge = [&](Sight sight) -> Judged {
    ++looks;
    if (looks == 1) return std::optional<LedgerChange>();
    EXPECT_EQ(sight, Sight::kSynced);
    return LedgerChange{PutMeta{looks == 2 ? "taken" : "free", "", true}};
  };

  at_once.run(judge, note());

  EXPECT_EQ(looks, 3);
  EXPECT_EQ(answers_, Answers{"ok"});
  EXPECT_EQ(at_once.size(), 0U);
}

TEST_F(LedgerTriesTest, TooManyAtOnceAreRefused) {
  for (size_t i = 0; i < LedgerTries::kMaxUnderWay; ++i) tries_.run([](Sight) { return put("1"); }, note());
  EXPECT_TRUE(answers_.empty());

  tries_.run([](Sight) { return put("1"); }, note());

  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0].find("overload: "), 0U);
}

TEST_F(LedgerTriesTest, WhatIsAbandonedIsToldAndNeverAnsweredAgain) {
  tries_.run([](Sight) { return put("1"); }, note());
  tries_.abandon(make_error(Reason::kDraining, "bye"));
  slow_.answer_all();

  EXPECT_EQ(answers_, Answers{"draining: bye"});
  EXPECT_EQ(tries_.size(), 0U);
}
}  // namespace
}  // namespace heddle
