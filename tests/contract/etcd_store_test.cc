// What only etcd can show: several control planes on one store, members that die, answers that are lost, a majority
// that is gone, compaction, TLS with a password, and the election of a leader. Real members on loopback.
#include <gtest/gtest.h>

#include "control/store/etcd_lease.h"
#include "tests/support/store_rig.h"
#include "tests/support/tcp_relay.h"
#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace {
ResourceKey key(std::string_view name) { return *ResourceKey::make(Kind::kBackendSet, "default", name); }

std::map<std::string, std::string> contents(const View& view) {
  std::map<std::string, std::string> out;
  view.for_each([&out](const StoredResource::Ptr& r) { out.emplace(r->key_text(), r->api_document().compact()); });
  return out;
}

CommitRequest put(std::string_view name, std::string_view port = "8080") {
  return {{PutOperation{backend_set(name, port)}}, "ada", "", {}};
}

class EtcdStore : public testing::Test {
 protected:
  using Node = std::unique_ptr<StoreRig::EtcdNode>;
  EtcdJournal::Options journal_options() const {
    EtcdJournal::Options options;
    options.prefix = prefix_;
    return options;
  }
  Node open(EtcdCluster& cluster, EtcdJournal::Options options) {
    return rig_.open_etcd(StoreRig::options(cluster.endpoints()), std::move(options));
  }
  Node open() { return open(EtcdCluster::shared(), journal_options()); }

  StoreRig rig_;
  std::string prefix_ = str_cat("/heddle/", std::to_string(rig_.random.next()), "/");
};

// Writes down what a store announces, and whether versions follow each other.
class Witness {
 public:
  explicit Witness(Store& store) : last_(store.version()) {
    subscription_ = store.on_commit([this](Version version) {
      in_order = in_order && version.sequence == last_.sequence + 1;
      last_ = version;
    });
  }
  bool in_order = true;

 private:
  Version last_;
  StoreSubscription subscription_;
};

TEST_F(EtcdStore, TwoThatRaceLoseNothingAndSeeTheSame) {
  constexpr int kEach = 40;
  Node a = open();
  Node b = open();
  Witness sees_a(*a->store);
  Witness sees_b(*b->store);
  std::set<uint64_t> versions;
  std::vector<Pending> tokens;
  size_t answered = 0;

  for (int i = 0; i < kEach; ++i) {
    for (StoreRig::EtcdNode* node : {a.get(), b.get()}) {
      std::string name = str_cat(node == a.get() ? "a-" : "b-", std::to_string(i));
      tokens.push_back(node->store->commit(put(name), nullptr, [&](Result<Commit> done) {
        ++answered;
        EXPECT_TRUE(done.has_value()) << done.error().text();
        if (done) versions.insert(done->version.sequence);
      }));
    }
  }
  ASSERT_TRUE(runs_until(rig_.loop, [&] { return answered == 2 * kEach; }));
  Version last{1, 2 * kEach};
  ASSERT_TRUE(rig_.sees(*a, last));
  ASSERT_TRUE(rig_.sees(*b, last));

  EXPECT_EQ(versions.size(), 2U * kEach) << "each commit has a version of its own";
  EXPECT_EQ(*versions.rbegin(), 2U * kEach) << "without a gap";
  EXPECT_TRUE(sees_a.in_order && sees_b.in_order);
  EXPECT_EQ(contents(a->store->view()), contents(b->store->view()));
  EXPECT_EQ(a->store->view().size(), 2U * kEach);
}

TEST_F(EtcdStore, WhoLostIsJudgedOnTopOfTheWinner) {
  Node a = open();
  Node b = open();
  std::vector<Pending> tokens;
  std::vector<Result<Commit>> results;

  for (StoreRig::EtcdNode* node : {a.get(), b.get()}) {
    CommitRequest request{{PutOperation{backend_set("one"), Version{}}}};
    tokens.push_back(node->store->commit(std::move(request), nullptr,
                                         [&](Result<Commit> done) { results.push_back(std::move(done)); }));
  }
  ASSERT_TRUE(runs_until(rig_.loop, [&] { return results.size() == 2; }));

  EXPECT_TRUE(results[0].has_value());
  ASSERT_FALSE(results[1].has_value()) << "it exists already";
  EXPECT_EQ(results[1].error().reason, Reason::kConflict);
}

TEST_F(EtcdStore, ForeignEventsCarryTheirNotesAndLargeOnesTheirParts) {
  Node a = open();
  Node b = open();
  Transaction many;
  for (int i = 0; i < 5000; ++i) many.push_back(PutOperation{backend_set(str_cat("set-", std::to_string(i)))});

  Result<Commit> made = rig_.commit(*a, {std::move(many), "ada", "many at once", {}});
  ASSERT_TRUE(made.has_value()) << made.error().text();
  ASSERT_TRUE(rig_.sees(*b, made->version));

  EXPECT_EQ(b->store->view().size(), 5000U);
  EXPECT_EQ(b->store->log().find(made->version)->note.message, "many at once");
}

TEST_F(EtcdStore, SnapshotsBoundWhatAStartReadsAndTheHistoryStays) {
  EtcdJournal::Options options = journal_options();
  options.history = 20;
  options.snapshot_every = 8;
  Node a = open(EtcdCluster::shared(), options);
  for (int i = 0; i < 60; ++i) {
    ASSERT_TRUE(rig_.commit(*a, put("a", std::to_string(1000 + i))).has_value());
  }
  // The oldest transactions are trimmed behind the last commits.
  EtcdKeys keys(prefix_);
  auto first_log = [&] {
    auto answer = rig_.wait_for<EtcdRangeAnswer>([&](EtcdClient::Done<EtcdRangeAnswer> done) {
      return a->client->range({keys.log(0), keys.log(1000), 1}, std::move(done));
    });
    return answer.has_value() && !answer->found.empty() ? answer->found.front().key : std::string();
  };
  std::string first = first_log();
  for (int i = 0; i < 1000 && first <= keys.log(16); ++i) first = first_log();

  EXPECT_GT(first, keys.log(16));
  Node late = open(EtcdCluster::shared(), options);
  EXPECT_EQ(contents(late->store->view()), contents(a->store->view()));
  EXPECT_EQ(late->store->log().events().size(), 20U);
  EXPECT_TRUE(rig_.commit(*late, put("b")).has_value());
  ASSERT_TRUE(rig_.sees(*a, {1, 61}));
}

// While it stood still the others went on, past what the log keeps.
TEST_F(EtcdStore, WhoFellBehindTheLogIsGivenEverything) {
  EtcdJournal::Options options = journal_options();
  options.history = 4;
  options.snapshot_every = 2;
  options.look = 100ms;
  Node a = open(EtcdCluster::shared(), options);
  Node b = open(EtcdCluster::shared(), options);
  ASSERT_TRUE(rig_.commit(*a, put("a")).has_value());
  ASSERT_TRUE(rig_.sees(*b, {1, 1}));

  // Neither runs while another control plane commits on a loop of its own.
  StoreRig other;
  auto writer = other.open_etcd(StoreRig::options(EtcdCluster::shared().endpoints()), options);
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(other.commit(*writer, put("a", std::to_string(2000 + i))).has_value());
  writer = nullptr;

  ASSERT_TRUE(rig_.sees(*a, {1, 41}));
  ASSERT_TRUE(rig_.sees(*b, {1, 41}));
  EXPECT_GT(b->store->log().oldest().version().sequence, 1U) << "it was not replayed";
  EXPECT_EQ(contents(b->store->view()), contents(a->store->view()));
  EXPECT_TRUE(rig_.commit(*b, put("b")).has_value());
  EXPECT_EQ(b->store->version(), (Version{1, 42}));
}

TEST_F(EtcdStore, CompactionOfEtcdLosesNothing) {
  Node a = open();
  Node b = open();
  ASSERT_TRUE(rig_.commit(*a, put("a")).has_value());
  auto compact = [&] {
    auto now = rig_.wait_for<EtcdRangeAnswer>(
        [&](EtcdClient::Done<EtcdRangeAnswer> done) { return a->client->range({prefix_ + "head"}, std::move(done)); });
    return rig_.wait_for<EtcdHeader>(
        [&](EtcdClient::Done<EtcdHeader> done) { return a->client->compact(now->header.revision, std::move(done)); });
  };

  ASSERT_TRUE(compact().has_value());
  ASSERT_TRUE(rig_.commit(*a, put("b")).has_value());
  ASSERT_TRUE(compact().has_value());
  ASSERT_TRUE(rig_.commit(*b, put("c")).has_value());

  ASSERT_TRUE(rig_.sees(*a, {1, 3}));
  ASSERT_TRUE(rig_.sees(*b, {1, 3}));
  EXPECT_EQ(contents(open()->store->view()), contents(a->store->view()));
}

// A watch that asks for what is compacted ends, although etcd keeps its stream open.
TEST_F(EtcdStore, AWatchOfCompactedRevisionsEnds) {
  struct Observer final : EtcdWatch::Observer {
    void on_watch_events(const EtcdWatchAnswer&) override {}
    void on_watch_ended(Error why) override { ended = std::move(why); }
    std::optional<Error> ended;
  };
  auto client = rig_.client(StoreRig::options(EtcdCluster::shared().endpoints()));
  auto written = [&](std::string_view value) {
    return rig_.wait_for<EtcdHeader>([&](EtcdClient::Done<EtcdHeader> done) {
      return client->put({prefix_ + "x", std::string(value)}, std::move(done));
    });
  };
  ASSERT_TRUE(written("1").has_value());
  Result<EtcdHeader> second = written("2");
  ASSERT_TRUE(second.has_value());
  ASSERT_TRUE(rig_.wait_for<EtcdHeader>([&](EtcdClient::Done<EtcdHeader> done) {
                    return client->compact(second->revision, std::move(done));
                  })
                  .has_value());
  Observer observer;

  EtcdWatch watch(*client, {prefix_ + "x", 1}, observer);

  ASSERT_TRUE(runs_until(rig_.loop, [&] { return observer.ended.has_value(); }));
  EXPECT_EQ(observer.ended->reason, Reason::kNotFound) << observer.ended->text();
}

TEST_F(EtcdStore, ALostAnswerIsFoundToHaveBeenKept) {
  EtcdJournal::Options options = journal_options();
  options.look = 60s;
  TcpRelay relay(Address::loopback(EtcdCluster::shared().endpoints()[0].port));
  Node a = rig_.open_etcd(StoreRig::options({{false, "127.0.0.1", relay.address().port()}}), options);
  ASSERT_TRUE(rig_.commit(*a, put("a")).has_value());
  relay.lose_answer_to("/v3/kv/txn");

  Result<Commit> made = rig_.commit(*a, put("b"));

  ASSERT_TRUE(made.has_value()) << made.error().text();
  EXPECT_EQ(relay.lost(), 1);
  EXPECT_EQ(made->version, (Version{1, 2}));
  EXPECT_TRUE(rig_.commit(*a, put("c")).has_value());
  EXPECT_EQ(contents(open()->store->view()), contents(a->store->view()));
}

TEST_F(EtcdStore, AMemberThatDiesIsLeftAndOneThatComesBackIsFollowed) {
  EtcdCluster cluster(3);
  EtcdJournal::Options options = journal_options();
  options.look = 200ms;
  Node a = open(cluster, options);
  ASSERT_TRUE(a->store != nullptr) << cluster.log(0);
  Node b = open(cluster, options);
  ASSERT_TRUE(rig_.commit(*a, put("a")).has_value());

  for (size_t member = 0; member < cluster.size(); ++member) {
    cluster.kill(member);
    Result<Commit> made = rig_.commit(*a, put(str_cat("with-", std::to_string(member), "-dead")));
    ASSERT_TRUE(made.has_value()) << made.error().text();
    ASSERT_TRUE(rig_.sees(*b, made->version));
    cluster.restart(member);
    // The next one may only go when this one counts again.
    auto alone = rig_.client(StoreRig::options({cluster.endpoints()[member]}));
    bool is_back = false;
    for (int i = 0; i < 60 && !is_back; ++i) {
      is_back = rig_.wait_for<EtcdRangeAnswer>(
                        [&](EtcdClient::Done<EtcdRangeAnswer> done) { return alone->range({"x"}, std::move(done)); })
                    .has_value();
    }
    ASSERT_TRUE(is_back) << cluster.log(member);
  }

  EXPECT_EQ(contents(a->store->view()), contents(b->store->view()));
  EXPECT_EQ(a->store->version(), (Version{1, 4}));
}

TEST_F(EtcdStore, WithoutAMajorityWritesFailReadsGoOnAndHealthSaysSo) {
  EtcdCluster cluster(3);
  EtcdJournal::Options options = journal_options();
  options.look = 200ms;
  options.patience = 1s;
  EtcdOptions quick = StoreRig::options(cluster.endpoints());
  quick.attempt = 1s;
  quick.whole = 3s;
  Node a = rig_.open_etcd(quick, options);
  ASSERT_TRUE(a->store != nullptr) << cluster.log(0);
  ASSERT_TRUE(rig_.commit(*a, put("a")).has_value());
  cluster.kill(0);
  cluster.kill(1);

  Result<Commit> refused = rig_.commit(*a, put("b"));

  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, Reason::kUnavailable);
  EXPECT_NE(refused.error().detail.find("quorum"), std::string::npos) << refused.error().detail;
  EXPECT_EQ(a->store->view().size(), 1U);
  EXPECT_FALSE(a->journal->health().is_current);
  EXPECT_FALSE(a->journal->health().problem.empty());

  cluster.restart(0);
  cluster.restart(1);
  ASSERT_TRUE(runs_until(rig_.loop, [&] { return a->journal->health().is_current; })) << cluster.log(2);
  // What was not confirmed may have been kept after all; then it is seen like anybody else's.
  Result<Commit> made = make_error(Reason::kUnavailable, "not tried");
  for (int i = 0; i < 20 && !made; ++i) made = rig_.commit(*a, put("c"));
  ASSERT_TRUE(made.has_value()) << made.error().text();
  EXPECT_NE(a->store->view().find(key("c")), nullptr);
  EXPECT_EQ(contents(open(cluster, options)->store->view()), contents(a->store->view()));
}

TEST_F(EtcdStore, WithTlsAClientCertificateAndAPassword) {
  TestCa ca("etcd.test");
  EtcdCluster cluster(1, &ca);
  CertSpec leaf;  // without a common name: with authentication, etcd's gateway refuses one that has it
  Svid svid = ca.issue(leaf);
  EtcdOptions etcd = StoreRig::options(cluster.endpoints());
  etcd.ca_file = rig_.folder.write("ca.pem", ca.root_pem());
  etcd.cert_file = rig_.folder.write("cert.pem", svid.chain_pem());
  etcd.key_file = rig_.folder.write("key.pem", svid.key_pem()->view());
  ASSERT_TRUE(etcd.check().has_value());
  auto admin = rig_.client(etcd);
  auto call = [&](std::string_view path, std::string body) {
    return rig_.wait_for<JsonValue>(
        [&](EtcdClient::Done<JsonValue> done) { return admin->call(path, std::move(body), std::move(done)); });
  };
  for (auto [path, body] :
       {std::pair("/v3/auth/user/add", R"({"name":"root","password":"secret"})"),
        std::pair("/v3/auth/role/add", R"({"name":"root"})"),
        std::pair("/v3/auth/user/grant", R"({"user":"root","role":"root"})"), std::pair("/v3/auth/enable", "{}")}) {
    Result<JsonValue> done = call(path, body);
    ASSERT_TRUE(done.has_value()) << path << ": " << done.error().text() << "\n" << cluster.log(0);
  }
  etcd.user = "root";
  etcd.password = "secret";

  Node a = rig_.open_etcd(etcd, journal_options());

  ASSERT_TRUE(a->store != nullptr);
  EXPECT_TRUE(rig_.commit(*a, put("a")).has_value());
  Node b = rig_.open_etcd(etcd, journal_options());
  EXPECT_TRUE(rig_.commit(*b, put("b")).has_value());
  EXPECT_TRUE(rig_.sees(*a, {1, 2}));

  etcd.password = "wrong";
  auto stranger = rig_.client(etcd);
  auto refused = rig_.wait_for<EtcdRangeAnswer>(
      [&](EtcdClient::Done<EtcdRangeAnswer> done) { return stranger->range({"x"}, std::move(done)); });
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, Reason::kUnauthenticated) << refused.error().text();
}

TEST_F(EtcdStore, OneOfTwoCandidatesLeadsAndTheOtherTakesOver) {
  auto client = rig_.client(StoreRig::options(EtcdCluster::shared().endpoints()));
  EtcdLease::Options options{prefix_ + "leader/rotation", "first", {9s, 1s, 200ms}};
  auto first = std::make_unique<EtcdLease>(*client, rig_.random, options, [](bool) {});
  ASSERT_TRUE(runs_until(rig_.loop, [&] { return first->is_leader(); }));
  int64_t token = first->fence()->revision;
  options.self = "second";
  bool told = false;
  EtcdLease second(*client, rig_.random, options, [&](bool leads) { told = leads; });
  ASSERT_TRUE(runs_until(rig_.loop, [&] { return second.leader() == "first"; }));
  EXPECT_FALSE(second.is_leader());
  EtcdTransaction fenced{{*first->fence()}, {EtcdPut{prefix_ + "x", "1"}}};

  bool has_resigned = false;
  Pending resigning = first->resign([&] { has_resigned = true; });
  ASSERT_TRUE(runs_until(rig_.loop, [&] { return has_resigned && told; }));

  EXPECT_FALSE(first->is_leader());
  EXPECT_TRUE(second.is_leader());
  EXPECT_GT(second.fence()->revision, token);
  auto late = rig_.wait_for<EtcdTransactionAnswer>(
      [&](EtcdClient::Done<EtcdTransactionAnswer> done) { return client->transact(fenced, std::move(done)); });
  ASSERT_TRUE(late.has_value());
  EXPECT_FALSE(late->succeeded) << "a write of the former leader must not take effect";
}
}  // namespace
}  // namespace heddle
