#include "control/kube/kube_lease_state.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
using Step = KubeLeaseState::Step;
constexpr WallTime kWall{1'800'000'000s};

KubeAnswer refused(uint16_t code) {
  KubeStatus status;
  status.code = code;
  return {{}, status};
}

// An API server's Lease, and any number of candidates of it, on one monotonic clock.
class KubeLeaseStateTest : public testing::Test {
 protected:
  KubeLeaseState candidate(std::string self) {
    KubeLeaseState::Options options;
    options.namespace_name = "heddle-system";
    options.name = "control";
    options.self = std::move(self);
    return {random, options};
  }
  KubeAnswer get() const { return lease.is_null() ? refused(404) : KubeAnswer{lease, std::nullopt}; }
  // As the server does it: refuses what is not based on what is there.
  KubeAnswer write(Step step, const JsonValue& body) {
    bool is_there = !lease.is_null();
    bool fits = step == Step::kCreate ? !is_there : is_there && version_of(body) == version_of(lease);
    if (!fits) return refused(409);
    lease = body.with({"metadata", "resourceVersion"}, JsonValue::string(std::to_string(++version)));
    return {lease, std::nullopt};
  }
  static std::string version_of(const JsonValue& object) {
    return std::string(object.find({"metadata", "resourceVersion"}).value_or(JsonValue()).as_string().value_or(""));
  }
  // A renewal is seen by its time.
  WallTime wall() const { return kWall + (now - MonoTime{1000s}); }
  // Does what is due, with answers that come at once; false: nothing was.
  bool turn(KubeLeaseState& state) {
    Step step = state.next(now);
    if (step == Step::kWait) return false;
    if (step == Step::kGet) {
      state.on_found(now, get());
    } else {
      state.on_written(now, now, write(step, state.body(wall())));
    }
    return true;
  }
  // Both candidates act whenever something is due; at most one of them may lead at any moment.
  void run(const std::vector<KubeLeaseState*>& states, Duration time) {
    MonoTime end = now + time;
    while (now < end) {
      int leaders = 0;
      for (KubeLeaseState* state : states) {
        for (int i = 0; i < 4 && turn(*state); ++i) {
        }
        leaders += state->is_leader(now) ? 1 : 0;
      }
      ASSERT_LE(leaders, 1);
      now = now + 100ms;
    }
  }

  MonoTime now{1000s};
  SeededRandom random;
  JsonValue lease;
  int64_t version = 0;
};

TEST_F(KubeLeaseStateTest, MakesTheLeaseWhereThereIsNone) {
  KubeLeaseState state = candidate("a");
  EXPECT_EQ(state.next(now), Step::kGet);
  state.on_found(now, get());
  ASSERT_EQ(state.next(now), Step::kCreate);

  ASSERT_TRUE(turn(state));

  EXPECT_TRUE(state.is_leader(now));
  EXPECT_EQ(state.holder(), "a");
  EXPECT_EQ(state.term(now), 0);
  EXPECT_EQ(lease.find({"spec", "renewTime"})->as_string(), "2027-01-15T08:00:00.000000Z");
  EXPECT_EQ(lease.find({"spec", "leaseDurationSeconds"})->as_integer(), 15);
  EXPECT_EQ(lease.find({"metadata", "name"})->as_string(), "control");
}

TEST_F(KubeLeaseStateTest, LeadsForTheRenewDeadlineCountedFromTheSending) {
  KubeLeaseState state = candidate("a");
  turn(state);
  MonoTime sent = now;
  KubeAnswer written = write(Step::kCreate, state.body(kWall));

  state.on_written(sent, sent + 3s, written);

  EXPECT_TRUE(state.is_leader(sent + 9999ms));
  EXPECT_FALSE(state.is_leader(sent + 10s));
}

TEST_F(KubeLeaseStateTest, RenewsAndKeepsWhenItWasAcquired) {
  KubeLeaseState state = candidate("a");
  run({&state}, 1s);
  std::string acquired = std::string(*lease.find({"spec", "acquireTime"})->as_string());
  int64_t before = version;

  run({&state}, 20s);

  EXPECT_TRUE(state.is_leader(now));
  EXPECT_GE(version, before + 8) << "every two seconds";
  EXPECT_EQ(lease.find({"spec", "acquireTime"})->as_string(), acquired);
  EXPECT_EQ(lease.find({"spec", "leaseTransitions"})->as_integer(), 0);
}

TEST_F(KubeLeaseStateTest, TheSecondOneWaitsAndTakesOverFromADeadLeader) {
  KubeLeaseState a = candidate("a");
  KubeLeaseState b = candidate("b");
  run({&a, &b}, 60s);
  ASSERT_TRUE(a.is_leader(now));
  EXPECT_EQ(b.holder(), "a");

  run({&b}, 10s);  // a is dead
  EXPECT_FALSE(b.is_leader(now)) << "it may still believe that it leads";
  run({&b}, 16s);

  EXPECT_TRUE(b.is_leader(now));
  EXPECT_EQ(b.term(now), 1);
  run({&a, &b}, 20s);  // a comes back
  EXPECT_TRUE(b.is_leader(now));
}

TEST_F(KubeLeaseStateTest, AnotherMachinesWallClockCountsForNothing) {
  KubeLeaseState a = candidate("a");
  run({&a}, 1s);
  lease = lease.with({"spec", "renewTime"}, JsonValue::string("2001-01-01T00:00:00.000000Z"));
  KubeLeaseState b = candidate("b");

  run({&b}, 10s);

  EXPECT_FALSE(b.is_leader(now)) << "seen for ten seconds only";
}

TEST_F(KubeLeaseStateTest, AReleasedLeaseIsTakenAtTheNextLook) {
  KubeLeaseState a = candidate("a");
  KubeLeaseState b = candidate("b");
  run({&a, &b}, 5s);
  ASSERT_TRUE(a.is_leader(now));

  JsonValue released = a.released_body(kWall);
  a.resign();
  ASSERT_TRUE(write(Step::kUpdate, released).is_ok());
  EXPECT_FALSE(a.is_leader(now));
  run({&b}, 5s);

  EXPECT_TRUE(b.is_leader(now));
}

TEST_F(KubeLeaseStateTest, ALostAnswerIsNoLostLeadership) {
  KubeLeaseState state = candidate("a");
  run({&state}, 3s);
  ASSERT_TRUE(state.is_leader(now));
  while (state.next(now) == Step::kWait) now = now + 100ms;
  write(Step::kUpdate, state.body(kWall));  // done, but the answer does not come

  state.on_written(now, now + 1s, KubeAnswer::failed(make_error(Reason::kUpstreamReset, "")));

  EXPECT_TRUE(state.is_leader(now + 1s));
  run({&state}, 30s);
  EXPECT_TRUE(state.is_leader(now));
}

TEST_F(KubeLeaseStateTest, StopsLeadingWhenNothingIsConfirmedForTheRenewDeadline) {
  KubeLeaseState state = candidate("a");
  run({&state}, 3s);
  MonoTime last = now;

  for (; now < last + 10s; now = now + 100ms) {
    if (state.next(now) == Step::kWait) continue;
    KubeAnswer lost = KubeAnswer::failed(make_error(Reason::kTimeout, ""));
    state.next(now) == Step::kGet ? state.on_found(now, lost) : state.on_written(now, now, lost);
  }

  EXPECT_FALSE(state.is_leader(now));
}

TEST_F(KubeLeaseStateTest, GivesUpWhenTheRecordIsAnothers) {
  KubeLeaseState state = candidate("a");
  run({&state}, 1s);
  lease = lease.with({"spec", "holderIdentity"}, JsonValue::string("somebody"))
              .with({"metadata", "resourceVersion"}, JsonValue::string("999"));

  run({&state}, 5s);

  EXPECT_FALSE(state.is_leader(now));
  EXPECT_EQ(state.holder(), "somebody");
}

TEST_F(KubeLeaseStateTest, ADeletedLeaseEndsTheLeadershipAndIsMadeAnew) {
  KubeLeaseState state = candidate("a");
  run({&state}, 1s);
  lease = JsonValue();

  run({&state}, 5s);

  EXPECT_TRUE(state.is_leader(now));
  EXPECT_EQ(lease.find({"spec", "holderIdentity"})->as_string(), "a");
}

TEST_F(KubeLeaseStateTest, OfThreeThatDieByTurnsNeverTwoLead) {
  KubeLeaseState a = candidate("a");
  KubeLeaseState b = candidate("b");
  KubeLeaseState c = candidate("c");
  std::vector<KubeLeaseState*> all{&a, &b, &c};
  for (int round = 0; round < 60; ++round) {
    std::vector<KubeLeaseState*> alive;
    for (KubeLeaseState* state : all) {
      if (random.below(3) != 0) alive.push_back(state);
    }
    run(alive, std::chrono::seconds(random.below(30)));
    int leaders = 0;
    for (KubeLeaseState* state : all) leaders += state->is_leader(now) ? 1 : 0;
    ASSERT_LE(leaders, 1) << "of the dead ones, too";
  }
}
}  // namespace
}  // namespace heddle
