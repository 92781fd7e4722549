// The shell of the CA's schedule, with time that is turned by hand: what it tries, when again, and what it says.
#include "control/app/ca_keeper.h"

#include <sys/stat.h>
#include <unistd.h>

#include "control/ca/file_ca_store.h"
#include "control/store/sqlite_ledger.h"
#include "tests/support/ca_now.h"
#include "tests/support/captured_log.h"
#include "tests/support/manual_scheduler.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace {
class RecordedLines final : public AuditSink {
 public:
  void write_line(std::string_view line) override { lines.emplace_back(line); }
  std::vector<std::string> lines;
};

class SetLeadership final : public Leadership {
 public:
  bool leads() const override { return leads_now; }
  void set_on_change(Task) override {}
  bool leads_now = true;
};

class CaKeeperTest : public testing::Test {
 protected:
  static constexpr Duration kLife = 100h;
  CaKeeperTest() {
    auto store = std::make_unique<FileCaStore>(folder_, *TrustDomain::parse("cluster.local"), KeyForm(), kLife);
    rotator_ = *open_now({std::move(store), scheduler_, audit_, Logger(), {}});
    auto no_files = [](Task, Task) { return Pending(); };
    keeper_.emplace(CaKeeper::Parts{scheduler_,
                                    no_files,
                                    *rotator_,
                                    registry_,
                                    ledger_,
                                    leadership_,
                                    RotationSchedule(10h),
                                    {},
                                    {},
                                    {},
                                    Logger(),
                                    [this] { return old_store_; }});
  }
  // The root ends soon: it is to be replaced.
  void start_near_the_end() {
    scheduler_.set_wall(rotator_->state().signer->not_after() - 9h);
    keeper_->start();
  }
  // Nothing can be renamed to a folder: every step fails.
  void block() { ASSERT_EQ(::mkdir((folder_ + "/ca.rotation").c_str(), 0700), 0); }
  void unblock() { ASSERT_EQ(::rmdir((folder_ + "/ca.rotation").c_str()), 0); }
  size_t tries() const { return audit_.lines.size(); }
  // The last is `seconds` from now.
  std::vector<size_t> tries_each_second(size_t seconds) {
    scheduler_.advance(Duration{});
    std::vector<size_t> out{tries()};
    while (out.size() <= seconds) {
      scheduler_.advance(1s);
      out.push_back(tries());
    }
    return out;
  }
  RotationPhase phase() const { return rotator_->state().phase; }

  TempDir parent_;
  std::string folder_ = parent_ / "ca";
  ManualScheduler scheduler_;
  RecordedLines audit_;
  TestStore store_;
  SqliteLedger ledger_{store_.database};
  NodeRegistry registry_;
  SetLeadership leadership_;
  std::unique_ptr<CaRotator> rotator_;
  std::string old_store_;
  std::optional<CaKeeper> keeper_;
};

TEST_F(CaKeeperTest, NothingIsDoneBeforeItIsDue) {
  keeper_->start();

  scheduler_.advance(10s);

  EXPECT_EQ(tries(), 0U);
  EXPECT_EQ(keeper_->outlook().next->step, RotationStep::kPrepare);
  EXPECT_EQ(keeper_->outlook().problem, "");
}

TEST_F(CaKeeperTest, AStepThatIsDueIsTaken) {
  start_near_the_end();

  scheduler_.advance(1s);

  EXPECT_EQ(phase(), RotationPhase::kPrepared);
  EXPECT_EQ(tries(), 1U);
}

TEST_F(CaKeeperTest, AStepThatFailsIsTriedAgainAfterTwiceAsLongEachTime) {
  block();
  start_near_the_end();

  EXPECT_EQ(tries_each_second(15), (std::vector<size_t>{1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 5}));
  EXPECT_EQ(phase(), RotationPhase::kSteady);
}

TEST_F(CaKeeperTest, WhyItFailedIsSaidUntilItDoesNot) {
  block();
  start_near_the_end();
  tries_each_second(2);  // between two tries
  EXPECT_NE(keeper_->outlook().problem.find("ca.rotation"), std::string::npos) << keeper_->outlook().problem;
  EXPECT_EQ(keeper_->outlook().waits_for, 0U);

  unblock();
  tries_each_second(1);

  EXPECT_EQ(phase(), RotationPhase::kPrepared);
  EXPECT_EQ(keeper_->outlook().problem, "");
}

TEST_F(CaKeeperTest, ReloadTriesAtOnceAndBeginsAnew) {
  block();
  start_near_the_end();
  ASSERT_EQ(tries_each_second(8).back(), 4U) << "the next would be in 7 s";

  keeper_->reload();

  EXPECT_EQ(tries_each_second(4), (std::vector<size_t>{4, 5, 6, 6, 7}));
}

TEST_F(CaKeeperTest, WhoDoesNotLeadTakesNoStepButSaysWhatIsDue) {
  leadership_.leads_now = false;
  start_near_the_end();

  scheduler_.advance(10s);

  EXPECT_EQ(phase(), RotationPhase::kSteady);
  EXPECT_EQ(tries(), 0U);
  EXPECT_EQ(keeper_->outlook().next->step, RotationStep::kPrepare);
  EXPECT_EQ(keeper_->outlook().alarm, RotationSchedule::Alarm::kNone) << "another one takes it";
}

TEST_F(CaKeeperTest, WhoComesToLeadTakesTheStep) {
  leadership_.leads_now = false;
  start_near_the_end();
  scheduler_.advance(10s);

  leadership_.leads_now = true;
  scheduler_.advance(1s);

  EXPECT_EQ(phase(), RotationPhase::kPrepared);
  EXPECT_EQ(tries(), 1U);
}

TEST_F(CaKeeperTest, WhoseStoreIsNotCurrentTakesNoStepAndSaysWhy) {
  old_store_ = "store: not current";
  start_near_the_end();
  scheduler_.advance(10s);
  EXPECT_EQ(phase(), RotationPhase::kSteady);
  EXPECT_EQ(tries(), 0U);
  EXPECT_EQ(keeper_->outlook().problem, "store: not current");

  old_store_.clear();
  scheduler_.advance(1s);

  EXPECT_EQ(phase(), RotationPhase::kPrepared);
}

TEST_F(CaKeeperTest, WaitingForASidecarIsNoFailure) {
  NodeKey late{"spiffe://cluster.local/ns/default/sa/web", "web-1"};
  registry_.on_hello(1, late, {.node = "web-1", .software = "test"}, scheduler_.wall());
  start_near_the_end();
  scheduler_.advance(1s);
  ASSERT_EQ(phase(), RotationPhase::kPrepared);
  scheduler_.set_wall(scheduler_.wall() + RotationSchedule::kSettle);

  scheduler_.advance(1min);
  EXPECT_EQ(keeper_->outlook().waits_for, 1U);
  EXPECT_NE(keeper_->outlook().problem.find("waits to activate for web-1"), std::string::npos);
  EXPECT_EQ(tries(), 1U) << "no line for who waits";

  registry_.on_trust(1, late, {rotator_->bundle()->digest()}, scheduler_.wall());
  scheduler_.advance(1s);
  EXPECT_EQ(phase(), RotationPhase::kActivated);
}
}  // namespace
}  // namespace heddle
