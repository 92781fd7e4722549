// Three control planes on one etcd, in any order of things that happen: commits by all of them, members that are killed
// and come back, connections that are cut and healed, etcd and the stores' logs compacted, watchers that lag and go to
// another control plane. In the end nothing that was acknowledged is lost, every version is the same for everybody, and
// no watcher saw a gap, an event twice or one too early. What ended as unknown is there once or not at all.
// HEDDLE_MODEL_SEED=<number> repeats one run's choices (how far etcd gets in between is the machine's);
// HEDDLE_MODEL_SEEDS=<count> runs so many more.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "lib/base/strings.h"
#include "tests/support/etcd_trouble.h"
#include "tests/support/model_options.h"
#include "tests/support/seeded_random.h"
#include "tests/support/store_rig.h"
#include "tests/support/store_watchers.h"
#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace {
constexpr size_t kStores = 3;
constexpr size_t kMembers = 3;
constexpr int kSteps = 200;
constexpr size_t kMaxWaiting = 12;  // commits

struct Write {
  std::string mark;  // that no other write has
  std::optional<Result<Commit>> end;
  Pending token;
};

class EtcdModel : public testing::TestWithParam<uint64_t> {
 protected:
  EtcdModel() : random_(GetParam()) {
    EtcdJournal::Options journal{prefix_, 12, 4, 200ms, 2s};
    for (size_t i = 0; i < kStores; ++i) {
      EtcdOptions etcd;
      etcd.endpoints = trouble_.add_ways();
      etcd.connect = 500ms;
      etcd.attempt = 1s;
      etcd.whole = 4s;
      nodes_.push_back(rig_.open_etcd(etcd, journal));
    }
    admin_ = rig_.client(StoreRig::options(cluster_.endpoints()));
  }
  bool is_open() const {
    for (const auto& node : nodes_) {
      if (node->store == nullptr) return false;
    }
    return true;
  }
  Store& store(size_t i) { return *nodes_[i]->store; }
  Store& any_store() { return store(random_.below(kStores)); }

  void write(Store& to) {
    auto write = std::make_unique<Write>();
    std::string port = std::to_string(10'000 + writes_.size());
    write->mark = str_cat("\"port\":", port);
    Transaction operations{PutOperation{backend_set(str_cat("k", std::to_string(random_.below(6))), port)}};
    ResourceKey other =
        *ResourceKey::make(Kind::kBackendSet, "default", str_cat("e", std::to_string(random_.below(3))));
    bool erases = random_.below(4) == 0;
    if (erases) operations.push_back(EraseOperation{other});
    if (!erases && random_.below(3) == 0) operations.push_back(PutOperation{backend_set(other.name, "1")});
    Write* one = write.get();
    write->token = to.commit({std::move(operations), "ada", "", {}}, nullptr,
                             [one](Result<Commit> end) { one->end.emplace(std::move(end)); });
    writes_.push_back(std::move(write));
  }
  size_t waiting() const {
    return static_cast<size_t>(
        std::count_if(writes_.begin(), writes_.end(), [](const auto& write) { return !write->end; }));
  }

  // One of them is gone at most, but for a moment now and then two.
  void kill_or_restart() {
    size_t member = random_.below(kMembers);
    if (!trouble_.is_alive(member)) return trouble_.bring_back(member);
    size_t away = trouble_.away();
    if (away == 0 || (away == 1 && random_.below(4) == 0)) trouble_.kill(member);
  }
  void cut_or_heal() {
    TcpRelay& way = trouble_.way(random_.below(trouble_.ways()));
    random_.below(2) == 0 ? way.cut() : way.heal();
  }
  void compact_etcd() {
    compaction_ = admin_->range({prefix_ + "head"}, [this](Result<EtcdRangeAnswer> now) {
      if (!now) return;
      compaction_ = admin_->compact(now->header.revision, [](const Result<EtcdHeader>&) {});
    });
  }
  void compact_log(Store& one) {
    uint64_t newest = one.version().sequence;
    one.compact({1, newest - std::min(newest, random_.below(6))});
  }
  void step() {
    switch (random_.below(12)) {
      case 0:
        return kill_or_restart();
      case 1:
        return cut_or_heal();
      case 2:
        return compact_etcd();
      case 3:
        return compact_log(any_store());
      case 4:
      case 5:
      case 6:
        return watchers_[random_.below(watchers_.size())].read(any_store(), 1 + random_.below(4));
      default:
        if (waiting() < kMaxWaiting) write(any_store());
    }
  }

  // Everything is whole again, everybody has answered, and nothing that is still on its way can come through: each
  // store has committed once more.
  void settle() {
    trouble_.end();
    ASSERT_TRUE(runs_until(rig_.loop, [&] { return waiting() == 0; })) << cluster_.log(0);
    for (size_t i = 0; i < kStores; ++i) {
      bool is_kept = false;
      for (int tries = 0; tries < 30 && !is_kept; ++tries) {
        write(store(i));
        ASSERT_TRUE(runs_until(rig_.loop, [&] { return waiting() == 0; })) << cluster_.log(0);
        is_kept = writes_.back()->end->has_value();
      }
      ASSERT_TRUE(is_kept) << writes_.back()->end->error().text();
    }
    Version last = writes_.back()->end->value().version;
    for (const auto& node : nodes_) ASSERT_TRUE(rig_.sees(*node, last)) << node->journal->health().problem;
  }

  void expect_each_write_where_it_was_acknowledged() {
    std::set<uint64_t> acknowledged;
    for (const auto& write : writes_) {
      std::vector<uint64_t> versions = record_.versions_with(write->mark);
      const Result<Commit>& end = *write->end;
      if (end) {
        EXPECT_EQ(versions, std::vector<uint64_t>{end->version.sequence}) << write->mark;
        EXPECT_TRUE(acknowledged.insert(end->version.sequence).second) << "two writes in one version";
      } else {
        bool may_be_there = end.error().reason == Reason::kUnavailable;
        EXPECT_LE(versions.size(), may_be_there ? 1U : 0U) << write->mark << ": " << end.error().text();
      }
    }
  }

  SeededRandom random_;
  StoreRig rig_;
  EtcdCluster cluster_{kMembers};
  EtcdTrouble trouble_{cluster_};
  std::string prefix_ = "/heddle/model/";
  std::unique_ptr<EtcdClient> admin_;
  std::vector<std::unique_ptr<StoreRig::EtcdNode>> nodes_;
  VersionRecord record_;
  std::vector<StoreWatcher> watchers_{4};
  std::vector<std::unique_ptr<Write>> writes_;
  Pending compaction_;
};

TEST_P(EtcdModel, NothingIsLostReorderedOrSeenTwice) {
  SCOPED_TRACE(str_cat("HEDDLE_MODEL_SEED=", std::to_string(GetParam())));
  ASSERT_TRUE(is_open()) << cluster_.log(0);
  for (size_t i = 0; i < kStores; ++i) record_.follow(store(i));
  for (int i = 0; i < kSteps; ++i) {
    step();
    ASSERT_FALSE(HasFatalFailure());
    run_turns(rig_.loop);
  }

  ASSERT_NO_FATAL_FAILURE(settle());

  expect_each_write_where_it_was_acknowledged();
  StoreContents all = contents_of(store(0).view());
  for (size_t i = 0; i < kStores; ++i) {
    EXPECT_EQ(store(i).version(), store(0).version());
    EXPECT_EQ(contents_of(store(i).view()), all) << "store " << i;
  }
  EXPECT_EQ(record_.newest(), store(0).version().sequence);
  EXPECT_EQ(record_.size(), record_.newest()) << "each version was announced by the one who made it, or by another";
  for (StoreWatcher& watcher : watchers_) {
    while (watcher.at() < store(0).version()) ASSERT_NO_FATAL_FAILURE(watcher.read(store(0), SIZE_MAX));
    EXPECT_EQ(watcher.seen(), all);
  }
  RecordProperty("writes", static_cast<int>(writes_.size()));
  RecordProperty("versions", static_cast<int>(record_.size()));
}

INSTANTIATE_TEST_SUITE_P(Seeds, EtcdModel, testing::ValuesIn(model_seeds()));
}  // namespace
}  // namespace heddle
