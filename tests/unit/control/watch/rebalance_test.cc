#include "control/watch/rebalance.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>

#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
ReplicaSight replica(std::string name, size_t connected, bool is_heard = true) {
  ReplicaSight out;
  out.name = std::move(name);
  out.is_heard = is_heard;
  out.connected = connected;
  return out;
}

class RebalanceTest : public testing::Test {
 protected:
  size_t take(size_t own, const std::vector<ReplicaSight>& others) {
    now_ = now_ + 5s;
    return rebalance_.take(now_, own, others);
  }
  // Until it would begin.
  void settle(size_t own, const std::vector<ReplicaSight>& others) {
    take(own, others);
    now_ = now_ + 60s;
  }
  MonoTime now_;
  Rebalance rebalance_{{}, now_};
};

TEST_F(RebalanceTest, WhoIsAloneSendsNobodyAway) {
  settle(10'000, {});

  EXPECT_EQ(take(10'000, {}), 0U);
}

TEST_F(RebalanceTest, AsksATwentiethOfTheExcessAndAtMostFiftyAtOnce) {
  settle(1000, {replica("b", 600)});

  EXPECT_EQ(take(1000, {replica("b", 600)}), 10U);
  EXPECT_EQ(take(9000, {replica("b", 600)}), 50U);
}

TEST_F(RebalanceTest, IsDueEveryFiveSeconds) {
  EXPECT_TRUE(rebalance_.is_due(now_));
  take(1, {});

  EXPECT_FALSE(rebalance_.is_due(now_ + 4999ms));
  EXPECT_TRUE(rebalance_.is_due(now_ + 5s));
}

TEST_F(RebalanceTest, WhoHasLessSendsNobodyAway) {
  settle(600, {replica("b", 1000)});

  EXPECT_EQ(take(600, {replica("b", 1000)}), 0U);
}

TEST_F(RebalanceTest, ATenthMoreThanTheMeanIsNoReason) {
  settle(1100, {replica("b", 900)});

  EXPECT_EQ(take(1100, {replica("b", 900)}), 0U);
  EXPECT_EQ(take(1102, {replica("b", 898)}), 5U);
}

TEST_F(RebalanceTest, FewStreamsAreNoReason) {
  settle(60, {replica("b", 0)});

  EXPECT_EQ(take(98, {replica("b", 0)}), 0U);
  EXPECT_EQ(take(100, {replica("b", 0)}), 2U);
}

TEST_F(RebalanceTest, OnceBegunItEndsWithinATwentieth) {
  settle(1200, {replica("b", 800)});
  EXPECT_GT(take(1200, {replica("b", 800)}), 0U);

  EXPECT_GT(take(1060, {replica("b", 940)}), 0U);
  EXPECT_EQ(take(1050, {replica("b", 950)}), 0U);
  EXPECT_EQ(take(1090, {replica("b", 910)}), 0U);
}

TEST_F(RebalanceTest, NobodyIsSentAwaySoonAfterTheStart) {
  for (int i = 0; i < 12; ++i) EXPECT_EQ(take(1000, {replica("b", 0)}), 0U) << i;
  take(1000, {replica("b", 0)});

  EXPECT_GT(take(1000, {replica("b", 0)}), 0U);
}

TEST_F(RebalanceTest, AReplicaThatComesOrGoesIsWaitedFor) {
  settle(1000, {replica("b", 0)});
  EXPECT_GT(take(1000, {replica("b", 0)}), 0U);

  EXPECT_EQ(take(1000, {replica("b", 0), replica("c", 0)}), 0U);
  now_ = now_ + 50s;
  EXPECT_EQ(take(1000, {replica("b", 0), replica("c", 0)}), 0U);
  now_ = now_ + 5s;

  EXPECT_GT(take(1000, {replica("b", 0), replica("c", 0)}), 0U);
}

TEST_F(RebalanceTest, NobodyIsSentAwayWhileAReplicaIsSilentOrSoonAfter) {
  settle(1000, {replica("b", 0), replica("c", 0)});
  EXPECT_GT(take(1000, {replica("b", 0), replica("c", 0)}), 0U);

  now_ = now_ + 10min;
  EXPECT_EQ(take(1000, {replica("b", 0), replica("c", 0, false)}), 0U);
  now_ = now_ + 10min;
  EXPECT_EQ(take(1000, {replica("b", 0), replica("c", 0, false)}), 0U);
  EXPECT_EQ(take(1000, {replica("b", 0), replica("c", 0)}), 0U);
  now_ = now_ + 60s;

  EXPECT_GT(take(1000, {replica("b", 0), replica("c", 0)}), 0U);
}

TEST_F(RebalanceTest, AStreamOfLessThanAMinuteStays) {
  MonoTime began = now_;

  EXPECT_FALSE(rebalance_.may_leave(began, began + 59s));
  EXPECT_TRUE(rebalance_.may_leave(began, began + 60s));
}

TEST_F(RebalanceTest, WhereItDoesNotHelpItPausesLongerEachTime) {
  std::vector<size_t> asked_by_hour(6);
  settle(1000, {replica("b", 0)});
  for (int i = 0; i < 6 * 720; ++i) asked_by_hour[static_cast<size_t>(i / 720)] += take(1000, {replica("b", 0)});

  EXPECT_LE(asked_by_hour[0], 5 * 13 * 25U);
  EXPECT_LE(asked_by_hour[5], 13 * 25U);
  EXPECT_GT(asked_by_hour[4] + asked_by_hour[5], 0U);
}

// Replicas and their sidecars, which go where `choose` says, once they were asked.
class Mesh {
 public:
  Mesh(size_t replicas, std::function<size_t(size_t from)> choose) : choose_(std::move(choose)) {
    for (size_t i = 0; i < replicas; ++i) add_replica();
  }
  void add_replica() { replicas_.push_back({{}, Rebalance({}, now_)}); }
  void add_sidecars(size_t to, size_t count) { replicas_[to].streams.insert(end(to), count, now_); }
  // Whom five seconds move.
  size_t step() {
    now_ = now_ + 5s;
    std::vector<size_t> arrivals(replicas_.size());
    size_t moved = 0;
    for (size_t i = 0; i < replicas_.size(); ++i) moved += ask(i, arrivals);
    for (size_t i = 0; i < replicas_.size(); ++i) add_sidecars(i, arrivals[i]);
    return moved;
  }
  size_t pass(Duration time) {
    size_t moved = 0;
    for (MonoTime until = now_ + time; now_ < until;) moved += step();
    return moved;
  }
  size_t most() const {
    size_t out = 0;
    for (const Replica& one : replicas_) out = std::max(out, one.streams.size());
    return out;
  }
  size_t mean() const {
    size_t total = 0;
    for (const Replica& one : replicas_) total += one.streams.size();
    return total / replicas_.size();
  }

 private:
  struct Replica {
    std::deque<MonoTime> streams;  // when they began, oldest first
    Rebalance rebalance;
  };
  std::deque<MonoTime>::iterator end(size_t of) { return replicas_[of].streams.end(); }
  size_t ask(size_t i, std::vector<size_t>& arrivals) {
    std::vector<ReplicaSight> others;
    for (size_t other = 0; other < replicas_.size(); ++other) {
      if (other != i) others.push_back(replica(std::to_string(other), replicas_[other].streams.size()));
    }
    Replica& one = replicas_[i];
    size_t count = one.rebalance.take(now_, one.streams.size(), others);
    size_t moved = 0;
    for (; moved < count && !one.streams.empty() && one.rebalance.may_leave(one.streams.front(), now_); ++moved) {
      one.streams.pop_front();
      ++arrivals[choose_(i)];
    }
    return moved;
  }
  std::function<size_t(size_t)> choose_;
  std::vector<Replica> replicas_;
  MonoTime now_;
};

TEST(RebalancedMesh, ConvergesWhereTheNextAddressFollowsAndThenMovesNobody) {
  for (size_t replicas : {2, 3, 5}) {
    Mesh mesh(replicas, [replicas](size_t from) { return (from + 1) % replicas; });
    mesh.add_sidecars(0, 10'000);

    mesh.pass(3h);

    EXPECT_LE(mesh.most(), mesh.mean() * 11 / 10 + 1) << replicas;
    EXPECT_EQ(mesh.pass(1h), 0U) << replicas;
  }
}

TEST(RebalancedMesh, ConvergesBehindOneNameThatLeadsAnywhere) {
  for (size_t replicas : {2, 3, 5}) {
    SeededRandom random(replicas);
    Mesh mesh(replicas, [&](size_t) { return static_cast<size_t>(random.below(replicas)); });
    mesh.add_sidecars(0, 10'000);

    mesh.pass(3h);

    EXPECT_LE(mesh.most(), mesh.mean() * 11 / 10 + 1) << replicas;
    EXPECT_EQ(mesh.pass(1h), 0U) << replicas;
  }
}

TEST(RebalancedMesh, AReplicaThatIsAddedGetsItsShare) {
  Mesh mesh(2, [](size_t from) { return (from + 1) % 3; });
  mesh.add_sidecars(0, 5000);
  mesh.add_sidecars(1, 5000);
  EXPECT_EQ(mesh.pass(1h), 0U);

  mesh.add_replica();
  mesh.pass(3h);

  EXPECT_LE(mesh.most(), mesh.mean() * 11 / 10 + 1);
  EXPECT_EQ(mesh.pass(1h), 0U);
}
}  // namespace
}  // namespace heddle
