#include "control/app/memory_keeper.h"

#include <gtest/gtest.h>

#include "tests/support/manual_scheduler.h"

namespace heddle {
namespace {
class MemoryKeeperTest : public testing::Test {
 protected:
  void look() { scheduler_.advance(MemoryKeeper::kLook); }
  ManualScheduler scheduler_;
  size_t streams_ = 0;
  int given_ = 0;
  MemoryKeeper keeper_{{scheduler_, [this] { return streams_; }, [this] { ++given_; }}};
};

TEST_F(MemoryKeeperTest, GivesBackOnceWhenARushIsOver) {
  streams_ = 4000;
  look();
  streams_ = 9000;
  look();
  streams_ = 10'000;
  look();
  EXPECT_EQ(given_, 0);

  for (int i = 0; i < 5; ++i) look();

  EXPECT_EQ(given_, 1);
}

TEST_F(MemoryKeeperTest, AFewStreamsAreNoRush) {
  streams_ = MemoryKeeper::kMany - 1;

  for (int i = 0; i < 5; ++i) look();

  EXPECT_EQ(given_, 0);
}

TEST_F(MemoryKeeperTest, ThoseWhoLeaveAreOneToo) {
  streams_ = 1000;
  look();
  look();
  streams_ = 0;
  look();
  look();

  EXPECT_EQ(given_, 2);
}

TEST_F(MemoryKeeperTest, AHandfulThatComesAndGoesDoesNotKeepItWaiting) {
  streams_ = 10'000;
  look();
  streams_ = 10'100;
  look();

  EXPECT_EQ(given_, 1);
}
}  // namespace
}  // namespace heddle
