#include "proxy/exchange/revoker.h"

#include <gtest/gtest.h>

#include <deque>

#include "tests/support/manual_scheduler.h"

namespace heddle {
namespace {
struct Tunnel final : Revocable {
  bool is_admitted() const override { return admitted; }
  void revoke() override { ++revoked; }
  bool admitted = true;
  int revoked = 0;
};

class RevokerTest : public testing::Test {
 protected:
  void watch(size_t count) {
    for (size_t i = 0; i < count; ++i) revoker_.watch(tunnels_.emplace_back());
  }
  void deny_all() {
    for (Tunnel& tunnel : tunnels_) tunnel.admitted = false;
    revoker_.reauthorize();
  }
  size_t revoked() const {
    size_t count = 0;
    for (const Tunnel& tunnel : tunnels_) count += static_cast<size_t>(tunnel.revoked);
    return count;
  }
  ManualScheduler scheduler_;
  Revoker revoker_{scheduler_};
  std::deque<Tunnel> tunnels_;
};

TEST_F(RevokerTest, EndsWhoseVerdictTurnedToDenyAndNobodyElse) {
  watch(3);
  tunnels_[1].admitted = false;

  revoker_.reauthorize();
  EXPECT_EQ(revoked(), 0U);  // not inside the call
  scheduler_.advance(1s);

  EXPECT_EQ(tunnels_[1].revoked, 1);
  EXPECT_EQ(revoked(), 1U);
}

TEST_F(RevokerTest, EndsAHundredInASecond) {
  watch(300);

  deny_all();
  scheduler_.advance(1s);

  EXPECT_GE(revoked(), 95U);
  EXPECT_LE(revoked(), 105U);
  scheduler_.advance(2s + 100ms);
  EXPECT_EQ(revoked(), 300U);
}

TEST_F(RevokerTest, EndsTheLastWithinAMinuteHoweverManyThereAre) {
  watch(20'000);

  deny_all();
  scheduler_.advance(30s);
  EXPECT_GT(revoked(), 9'000U);
  EXPECT_LT(revoked(), 14'000U);
  scheduler_.advance(30s);

  EXPECT_EQ(revoked(), 20'000U);
}

TEST_F(RevokerTest, ForgivesWhenPolicyChangesItsMind) {
  watch(200);
  deny_all();
  scheduler_.advance(500ms);
  size_t before = revoked();

  for (Tunnel& tunnel : tunnels_) tunnel.admitted = true;
  revoker_.reauthorize();
  scheduler_.advance(5s);
  EXPECT_EQ(revoked(), before);
  deny_all();
  scheduler_.advance(5s);

  EXPECT_EQ(revoked(), 200U);
}

TEST_F(RevokerTest, ForgetsWhatHasEnded) {
  watch(2);
  tunnels_.front().unlink();

  deny_all();
  scheduler_.advance(1s);

  EXPECT_EQ(tunnels_.front().revoked, 0);
  EXPECT_EQ(tunnels_.back().revoked, 1);
}

TEST_F(RevokerTest, JudgesWhatIsWatchedTooLate) {
  tunnels_.emplace_back().admitted = false;

  revoker_.watch(tunnels_.back());
  EXPECT_EQ(revoked(), 0U);
  scheduler_.advance(100ms);

  EXPECT_EQ(revoked(), 1U);
}
}  // namespace
}  // namespace heddle
