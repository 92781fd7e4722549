#include "control/store/etcd_lease_state.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
using Step = EtcdLeaseState::Step;
constexpr MonoTime kStart{1000s};

// With a lease, granted to a request that was sent at kStart.
EtcdLeaseState with_lease() {
  EtcdLeaseState state({10s, 1s, 1s});
  state.on_granted(kStart, 7);
  return state;
}

TEST(EtcdLeaseState, BeginsWithALeaseAndThenAsksForTheKey) {
  EtcdLeaseState state({10s, 1s, 1s});
  EXPECT_EQ(state.next(kStart), Step::kGrant);

  state.on_granted(kStart, 7);

  EXPECT_EQ(state.next(kStart), Step::kCampaign);
  EXPECT_FALSE(state.is_leader(kStart));
}

TEST(EtcdLeaseState, LeadsUntilTheLeaseCouldEndCountedFromTheSending) {
  EtcdLeaseState state = with_lease();

  state.on_elected(42);  // however late the answer came

  EXPECT_TRUE(state.is_leader(kStart + 8999ms));
  EXPECT_EQ(state.token(kStart), 42);
  EXPECT_FALSE(state.is_leader(kStart + 9s));
  EXPECT_EQ(state.token(kStart + 9s), std::nullopt);
}

TEST(EtcdLeaseState, KeepsAliveAtAThirdAndLeadsOn) {
  EtcdLeaseState state = with_lease();
  state.on_elected(42);
  MonoTime third = kStart + Duration(10s) / 3;
  EXPECT_EQ(state.next(kStart), Step::kWait);
  EXPECT_EQ(state.wake_at(kStart), third);
  EXPECT_EQ(state.next(third), Step::kKeepAlive);

  state.on_kept(third);

  EXPECT_TRUE(state.is_leader(third + 8s));
  EXPECT_FALSE(state.is_leader(third + 9s));
}

TEST(EtcdLeaseState, AnErrorProlongsNothing) {
  EtcdLeaseState state = with_lease();
  state.on_elected(42);

  state.on_error(kStart + 4s);

  EXPECT_EQ(state.next(kStart + 4s), Step::kWait);
  EXPECT_EQ(state.next(kStart + 5s), Step::kKeepAlive);
  EXPECT_TRUE(state.is_leader(kStart + 8s));
  EXPECT_FALSE(state.is_leader(kStart + 9s));
  EXPECT_EQ(state.lease(), 7) << "etcd may still have it";
}

TEST(EtcdLeaseState, WakesWhenLeadershipEndsThoughNothingIsDue) {
  EtcdLeaseState state = with_lease();
  state.on_elected(42);

  state.on_error(kStart + 8500ms);

  EXPECT_EQ(state.wake_at(kStart + 8500ms), kStart + 9s);
}

TEST(EtcdLeaseState, AFollowerKeepsItsLeaseAndAsksAgain) {
  EtcdLeaseState state = with_lease();

  state.on_follower(kStart + 10ms, "other");

  EXPECT_EQ(state.leader(), "other");
  EXPECT_FALSE(state.is_leader(kStart + 20ms));
  EXPECT_EQ(state.next(kStart + 3s), Step::kWait);
  EXPECT_EQ(state.next(kStart + 3334ms), Step::kKeepAlive);
  state.on_kept(kStart + 3334ms);
  EXPECT_EQ(state.next(kStart + 3344ms), Step::kCampaign);
}

TEST(EtcdLeaseState, ALeaseThatEtcdForgotEndsEverything) {
  EtcdLeaseState state = with_lease();
  state.on_elected(42);

  state.on_lease_lost();

  EXPECT_FALSE(state.is_leader(kStart));
  EXPECT_EQ(state.next(kStart), Step::kGrant);
}

// A process that slept past its lease: what it thinks is judged by the clock, not by what it was told last.
TEST(EtcdLeaseState, WhoSleptDoesNotLeadBeforeEtcdSaysSoAgain) {
  EtcdLeaseState state = with_lease();
  state.on_elected(42);
  MonoTime woken = kStart + 60s;

  EXPECT_FALSE(state.is_leader(woken));
  EXPECT_EQ(state.next(woken), Step::kKeepAlive);
  state.on_lease_lost();
  state.on_granted(woken, 8);
  EXPECT_FALSE(state.is_leader(woken));
  EXPECT_EQ(state.next(woken), Step::kCampaign);
}
}  // namespace
}  // namespace heddle
