// What only the ledger in etcd can show: several control planes that race, one that is behind, answers that are lost,
// members that die, a majority that is gone, compaction. Real members on loopback.
#include <gtest/gtest.h>

#include <algorithm>

#include "control/store/etcd_ledger_records.h"
#include "lib/base/strings.h"
#include "tests/support/ledger_rig.h"
#include "tests/support/tcp_relay.h"

namespace heddle {
namespace {
using Told = std::vector<std::pair<std::string, std::string>>;

class EtcdLedgerTest : public testing::Test {
 protected:
  using Node = std::unique_ptr<LedgerRig::EtcdNode>;
  EtcdMirror::Options mirror(Duration look = 5s) const { return {prefix_, look}; }
  Node open() { return open(EtcdCluster::shared(), mirror()); }
  Node open(EtcdCluster& cluster, EtcdMirror::Options options) {
    return rig_.open_etcd_ledger(StoreRig::options(cluster.endpoints()), std::move(options));
  }
  Node open_through(TcpRelay& relay, EtcdMirror::Options options) {
    return rig_.open_etcd_ledger(StoreRig::options({{false, "127.0.0.1", relay.address().port()}}), std::move(options));
  }
  Result<void> commit(Node& node, LedgerChange change) { return rig_.commit(*node->ledger, std::move(change)); }
  template <class F>
  bool comes(F&& condition) {
    return runs_until(rig_.loop, std::forward<F>(condition));
  }
  // Below the ledger's prefix, past any ledger.
  Result<EtcdHeader> put_raw(Node& node, std::string_view key, std::string_view value) {
    return rig_.wait_for<EtcdHeader>([&](EtcdClient::Done<EtcdHeader> done) {
      return node->client->put({str_cat(prefix_, "ledger/", key), std::string(value)}, std::move(done));
    });
  }
  Result<EtcdHeader> compact(Node& node, int64_t revision) {
    return rig_.wait_for<EtcdHeader>(
        [&](EtcdClient::Done<EtcdHeader> done) { return node->client->compact(revision, std::move(done)); });
  }
  size_t marks(Node& node) {
    EtcdRange range{prefix_ + "ledger/.by/", prefix_ + "ledger/.by0", 1000};
    auto now = rig_.wait_for<EtcdRangeAnswer>(
        [&](EtcdClient::Done<EtcdRangeAnswer> done) { return node->client->range(range, std::move(done)); });
    return now ? now->found.size() : 0;
  }
  int64_t revision(Node& node) {
    auto now = rig_.wait_for<EtcdRangeAnswer>(
        [&](EtcdClient::Done<EtcdRangeAnswer> done) { return node->client->range({"x"}, std::move(done)); });
    return now ? now->header.revision : 0;
  }

  LedgerRig rig_;
  std::string prefix_ = str_cat("/heddle/", std::to_string(rig_.random.next()), "/");
};

TEST_F(EtcdLedgerTest, OneOfTwoTakesAJoinTokenAndOnlyItsLineageIsThere) {
  constexpr int kRounds = 60;
  Node a = open();
  Node b = open();
  for (int round = 0; round < kRounds; ++round) {
    std::string name = std::to_string(round);
    ASSERT_TRUE(commit(a, {AddJoinToken{secret_hash(name), a_join_token(name)}}).has_value());
    ASSERT_TRUE(rig_.sync(*b->ledger).has_value());
    std::vector<Pending> tokens;
    std::vector<Reason> ends;
    for (EtcdLedger* ledger : {a->ledger.get(), b->ledger.get()}) {
      std::string serial = str_cat(name, ledger == a->ledger.get() ? "a" : "b");
      tokens.push_back(
          ledger->commit({TakeJoinToken{secret_hash(name)}, SaveLineage{a_lineage(0, serial)}},
                         [&ends](Result<void> done) { ends.push_back(done ? Reason::kNone : done.error().reason); }));
    }
    ASSERT_TRUE(comes([&] { return ends.size() == 2; }));

    EXPECT_EQ(std::count(ends.begin(), ends.end(), Reason::kNone), 1);
    EXPECT_EQ(std::count(ends.begin(), ends.end(), Reason::kConflict), 1);
    ASSERT_TRUE(rig_.sync(*a->ledger).has_value() && rig_.sync(*b->ledger).has_value());
    for (Node* node : {&a, &b}) {
      EXPECT_FALSE((*node)->ledger->find_join_token(secret_hash(name))->has_value());
      EXPECT_EQ((*node)->ledger->lineages()->size(), static_cast<size_t>(round) + 1);
    }
  }
}

TEST_F(EtcdLedgerTest, AnIdIsGivenOnceAmongSeveral) {
  Node a = open();
  Node b = open();
  std::vector<Pending> tokens;
  std::vector<Reason> ends;
  for (EtcdLedger* ledger : {a->ledger.get(), b->ledger.get()}) {
    Sha256Digest hash = secret_hash(ledger == a->ledger.get() ? "a" : "b");
    tokens.push_back(ledger->commit({AddAdminToken{hash, {"ci", "admin", kLedgerNow}}}, [&ends](Result<void> done) {
      ends.push_back(done ? Reason::kNone : done.error().reason);
    }));
  }
  ASSERT_TRUE(comes([&] { return ends.size() == 2; }));

  EXPECT_EQ(std::count(ends.begin(), ends.end(), Reason::kConflict), 1);
  EXPECT_EQ(open()->ledger->admin_tokens()->size(), 1U);
}

TEST_F(EtcdLedgerTest, OneSeesTheDocumentsOfTheOther) {
  Node a = open();
  Node b = open();
  LedgerWitness sees_a(*a->ledger);
  LedgerWitness sees_b(*b->ledger);

  ASSERT_TRUE(commit(a, {PutMeta{"ca.authority", "1"}, PutMeta{"ca.rotation", "1"}}).has_value());
  ASSERT_TRUE(comes([&] { return sees_b.told.size() == 2; }));

  EXPECT_EQ(sees_b.told, (Told{{"ca.authority", "1"}, {"ca.rotation", "1"}}));
  EXPECT_TRUE(sees_a.told.empty());
  ASSERT_TRUE(commit(b, {PutMeta{"ca.authority", "2"}}).has_value());
  ASSERT_TRUE(comes([&] { return !sees_a.told.empty(); }));
  EXPECT_EQ(sees_a.told, (Told{{"ca.authority", "2"}}));
}

// It does not know yet what the other did: its change is refused, and then it knows.
TEST_F(EtcdLedgerTest, AChangeByOneThatIsBehindIsRefused) {
  Node a = open();
  ASSERT_TRUE(commit(a, {PutMeta{"rollout", "1"}}).has_value());
  // This one's loop stands still.
  LedgerRig other;
  auto behind = other.open_etcd_ledger(StoreRig::options(EtcdCluster::shared().endpoints()), mirror());
  ASSERT_EQ(*behind->ledger->meta("rollout"), "1");
  ASSERT_TRUE(commit(a, {PutMeta{"rollout", "2"}}).has_value());

  std::optional<Result<void>> end;
  Pending token = behind->ledger->commit({PutMeta{"rollout", "from an old leader"}, PutMeta{"more", "1"}},
                                         [&end](Result<void> done) { end.emplace(std::move(done)); });
  ASSERT_FALSE(end.has_value()) << "never inside the call";
  ASSERT_TRUE(runs_until(other.loop, [&] { return end.has_value(); }));

  ASSERT_FALSE(end->has_value());
  EXPECT_EQ(end->error().reason, Reason::kConflict);
  EXPECT_EQ(*behind->ledger->meta("rollout"), "2");
  EXPECT_EQ(*behind->ledger->meta("more"), std::nullopt);
  EXPECT_EQ(*open()->ledger->meta("rollout"), "2");
}

TEST_F(EtcdLedgerTest, TwoChangesOfOneRecordAtOnceAreNotBothMade) {
  Node a = open();
  std::vector<Pending> tokens;
  std::vector<Reason> ends;
  for (const char* value : {"1", "2"}) {
    tokens.push_back(a->ledger->commit({PutMeta{"m", value}}, [&ends](Result<void> done) {
      ends.push_back(done ? Reason::kNone : done.error().reason);
    }));
  }
  tokens.push_back(a->ledger->commit(
      {PutMeta{"n", "1"}}, [&ends](Result<void> done) { ends.push_back(done ? Reason::kNone : done.error().reason); }));
  ASSERT_TRUE(comes([&] { return ends.size() == 3; }));

  EXPECT_EQ(std::count(ends.begin(), ends.end(), Reason::kConflict), 1);
  EXPECT_EQ(*a->ledger->meta("m"), "1");
  EXPECT_EQ(*a->ledger->meta("n"), "1");
}

TEST_F(EtcdLedgerTest, WhatIsTooLargeIsNotSent) {
  Node a = open();

  Result<void> large = commit(a, {PutMeta{"m", std::string(EtcdMirror::kMaxBytes, 'x')}});
  LedgerChange many;
  for (size_t i = 0; i <= EtcdMirror::kMaxChanges; ++i) many.push_back(PutMeta{std::to_string(i), "1"});
  Result<void> long_one = commit(a, std::move(many));

  EXPECT_EQ(large.error().reason, Reason::kTooLarge);
  EXPECT_EQ(long_one.error().reason, Reason::kTooLarge);
  EXPECT_TRUE(commit(a, {PutMeta{"m", std::string(1 << 20, 'x')}}).has_value());
}

// etcd has limits of its own: the largest change that we let pass is one that it takes.
TEST_F(EtcdLedgerTest, EtcdTakesTheLargestChange) {
  Node a = open();
  LedgerChange change;
  for (size_t i = 0; i < EtcdMirror::kMaxChanges; ++i)
    change.push_back(PutMeta{std::to_string(i), std::string(13'000, 'x')});

  Result<void> done = commit(a, std::move(change));

  EXPECT_TRUE(done.has_value()) << done.error().text();
}

TEST_F(EtcdLedgerTest, ALostAnswerIsFoundToHaveBeenKept) {
  TcpRelay relay(Address::loopback(EtcdCluster::shared().endpoints()[0].port));
  Node a = open_through(relay, mirror(60s));
  ASSERT_TRUE(commit(a, {AddJoinToken{secret_hash("t"), a_join_token("t")}}).has_value());
  relay.lose_answer_to("/v3/kv/txn");

  Result<void> taken = commit(a, {TakeJoinToken{secret_hash("t")}, PutMeta{"m", "1"}});

  EXPECT_TRUE(taken.has_value()) << taken.error().text();
  EXPECT_EQ(relay.lost(), 1);
  EXPECT_TRUE(commit(a, {PutMeta{"m", "2"}}).has_value());
  EXPECT_EQ(*open()->ledger->meta("m"), "2");
}

// That the key is gone, as it would be after an earlier try, proves nothing: another one wanted the same.
TEST_F(EtcdLedgerTest, WhoLostIsNotTakenForOneWhoseAnswerWasLost) {
  Node a = open();
  ASSERT_TRUE(commit(a, {AddJoinToken{secret_hash("t"), a_join_token("t")}}).has_value());
  LedgerRig other;
  auto behind = other.open_etcd_ledger(StoreRig::options(EtcdCluster::shared().endpoints()), mirror());
  ASSERT_TRUE(commit(a, {TakeJoinToken{secret_hash("t")}, PutMeta{"adopted:1", "", true}}).has_value());

  Result<void> taken = other.commit(*behind->ledger, {TakeJoinToken{secret_hash("t")}});
  Result<void> adopted = other.commit(*behind->ledger, {PutMeta{"adopted:1", "", true}});

  ASSERT_FALSE(taken.has_value());
  EXPECT_EQ(taken.error().reason, Reason::kConflict);
  ASSERT_FALSE(adopted.has_value());
  EXPECT_EQ(adopted.error().reason, Reason::kConflict);
}

// A mark of ours that somebody took for one that was left behind costs another try, no more.
TEST_F(EtcdLedgerTest, AMarkThatWasForgottenIsReplaced) {
  Node a = open();
  ASSERT_TRUE(commit(a, {PutMeta{"m", "1"}}).has_value());
  EtcdTransaction forget;
  forget.success = {EtcdDelete{prefix_ + "ledger/.by/", prefix_ + "ledger/.by0"}};
  ASSERT_TRUE(rig_.wait_for<EtcdTransactionAnswer>([&](EtcdClient::Done<EtcdTransactionAnswer> done) {
                    return a->client->transact(forget, std::move(done));
                  })
                  .has_value());

  Result<void> done = commit(a, {PutMeta{"m", "2"}});

  EXPECT_TRUE(done.has_value()) << done.error().text();
  EXPECT_EQ(*open()->ledger->meta("m"), "2");
}

// Each commit under way has a mark of its own; what a burst needed goes again, with the commits that come after.
TEST_F(EtcdLedgerTest, ABurstLeavesNoPileOfMarks) {
  EtcdMirror::Options options = mirror();
  options.rest = Duration(0);
  Node a = open(EtcdCluster::shared(), options);
  constexpr size_t kBurst = 3 * EtcdMirror::kMaxFreeMarks;
  size_t kept = 0;
  std::vector<Pending> calls;
  for (size_t i = 0; i < kBurst; ++i) {
    LedgerChange change{PutMeta{str_cat("burst-", std::to_string(i)), "1"}};
    calls.push_back(a->ledger->commit(std::move(change), [&kept](Result<void> done) { kept += done ? 1 : 0; }));
  }
  ASSERT_TRUE(comes([&kept] { return kept == kBurst; }));
  EXPECT_GT(marks(a), EtcdMirror::kMaxFreeMarks);

  for (size_t i = 0; i < 2 * kBurst / EtcdMirror::kMaxErased; ++i) {
    ASSERT_TRUE(commit(a, {PutMeta{"later", std::to_string(i)}}).has_value());
  }

  EXPECT_LE(marks(a), EtcdMirror::kMaxFreeMarks + 1);
  EXPECT_EQ(open()->ledger->meta("burst-0")->value_or(""), "1");
}

TEST_F(EtcdLedgerTest, SyncKnowsWhatAnotherCommittedBefore) {
  Node a = open();
  Node b = open();
  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(commit(a, {PutMeta{"m", std::to_string(i)}}).has_value());
    ASSERT_TRUE(rig_.sync(*b->ledger).has_value());
    ASSERT_EQ(*b->ledger->meta("m"), std::to_string(i));
  }
}

TEST_F(EtcdLedgerTest, OneDamagedRecordStopsNoOther) {
  Node a = open();
  std::string bad = ledger_join_key(secret_hash("bad"));
  ASSERT_TRUE(put_raw(a, bad, "{").has_value());
  ASSERT_TRUE(commit(a, {AddJoinToken{secret_hash("good"), a_join_token("good")}}).has_value());

  Node b = open();
  Result<std::optional<JoinToken>> found = b->ledger->find_join_token(secret_hash("bad"));

  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().reason, Reason::kIo);
  EXPECT_NE(found.error().detail.find(bad), std::string::npos) << found.error().detail;
  EXPECT_TRUE(b->ledger->find_join_token(secret_hash("good"))->has_value());
  EXPECT_EQ(commit(b, {TakeJoinToken{secret_hash("bad")}}).error().reason, Reason::kIo);
}

TEST_F(EtcdLedgerTest, MoreThanOnePageIsReadAsItWasAtOneMoment) {
  Node a = open();
  for (int i = 0; i < 13; ++i) {
    LedgerChange change;
    for (int k = 0; k < 95; ++k) change.push_back(PutMeta{std::to_string(i * 95 + k), std::to_string(i)});
    ASSERT_TRUE(commit(a, std::move(change)).has_value());
  }

  Node b = open();

  for (int i = 0; i < 13 * 95; ++i) ASSERT_EQ(*b->ledger->meta(std::to_string(i)), std::to_string(i / 95));
}

// Its watch asks for what is compacted: everything is read anew, and what differs is told.
TEST_F(EtcdLedgerTest, CompactionWhileTheWatchIsDownLosesNothing) {
  EtcdCluster cluster(1);
  Node a = open(cluster, mirror(100ms));
  ASSERT_TRUE(a->ledger != nullptr) << cluster.log(0);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(commit(a, {PutMeta{std::to_string(i), "1"}}).has_value());
  LedgerRig other;
  TcpRelay relay(Address::loopback(cluster.endpoints()[0].port));
  auto behind =
      other.open_etcd_ledger(StoreRig::options({{false, "127.0.0.1", relay.address().port()}}), mirror(100ms));
  LedgerWitness witness(*behind->ledger);
  cluster.kill(0);  // its watch is cut
  cluster.restart(0);
  ASSERT_TRUE(commit(a, {PutMeta{"7", "2"}}).has_value());
  ASSERT_TRUE(commit(a, {PutMeta{"new", "1"}}).has_value());
  ASSERT_TRUE(compact(a, revision(a)).has_value());

  ASSERT_TRUE(runs_until(other.loop, [&] { return witness.told.size() >= 2; })) << cluster.log(0);

  EXPECT_EQ(witness.told, (Told{{"7", "2"}, {"new", "1"}}));
  EXPECT_TRUE(other.commit(*behind->ledger, {PutMeta{"7", "3"}}).has_value());
}

TEST_F(EtcdLedgerTest, MembersThatDieAndComeBackAreLeftAndFollowed) {
  EtcdCluster cluster(3);
  Node a = open(cluster, mirror(200ms));
  Node b = open(cluster, mirror(200ms));
  ASSERT_TRUE(commit(a, {PutMeta{"m", "first"}}).has_value()) << cluster.log(0);

  for (size_t member = 0; member < cluster.size(); ++member) {
    cluster.kill(member);
    std::string value = str_cat("without ", std::to_string(member));
    ASSERT_TRUE(rig_.sync(*a->ledger).has_value());
    Result<void> done = commit(a, {PutMeta{"m", value}});
    ASSERT_TRUE(done.has_value()) << done.error().text();
    ASSERT_TRUE(comes([&] { return *b->ledger->meta("m") == value; }));
    cluster.restart(member);
    // The next one may only go when this one counts again.
    auto alone = rig_.client(StoreRig::options({cluster.endpoints()[member]}));
    bool is_back = false;
    for (int i = 0; i < 60 && !is_back; ++i) {
      is_back = rig_.wait_for<EtcdRangeAnswer>([&](EtcdClient::Done<EtcdRangeAnswer> answer) {
                      return alone->range({"x"}, std::move(answer));
                    })
                    .has_value();
    }
    ASSERT_TRUE(is_back) << cluster.log(member);
  }
}

TEST_F(EtcdLedgerTest, WithoutAMajorityReadsGoOnChangesFailAndHealthSaysSo) {
  EtcdCluster cluster(3);
  EtcdOptions quick = StoreRig::options(cluster.endpoints());
  quick.attempt = 1s;
  quick.whole = 3s;
  Node a = rig_.open_etcd_ledger(quick, {prefix_, 200ms, 1s});
  ASSERT_TRUE(commit(a, {PutMeta{"m", "1"}}).has_value()) << cluster.log(0);
  EXPECT_TRUE(a->ledger->health().is_current);
  cluster.kill(0);
  cluster.kill(1);

  Result<void> refused = commit(a, {PutMeta{"m", "2"}});
  Result<void> synced = rig_.sync(*a->ledger);

  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, Reason::kUnavailable);
  EXPECT_NE(refused.error().detail.find("quorum"), std::string::npos) << refused.error().detail;
  ASSERT_FALSE(synced.has_value());
  EXPECT_EQ(synced.error().reason, Reason::kUnavailable);
  EXPECT_EQ(*a->ledger->meta("m"), "1");
  JournalHealth health = a->ledger->health();
  EXPECT_FALSE(health.is_current);
  EXPECT_FALSE(health.problem.empty());
  EXPECT_GT(health.since, WallTime{});

  cluster.restart(0);
  cluster.restart(1);
  ASSERT_TRUE(comes([&] { return a->ledger->health().is_current; })) << cluster.log(2);
  // What was not confirmed may have been kept after all; then it is seen like anybody else's.
  Result<void> made = make_error(Reason::kUnavailable, "not tried");
  for (int i = 0; i < 20 && !made; ++i) made = commit(a, {PutMeta{"m", "3"}});
  ASSERT_TRUE(made.has_value()) << made.error().text();
  EXPECT_EQ(*open(cluster, mirror())->ledger->meta("m"), "3");
}
}  // namespace
}  // namespace heddle
