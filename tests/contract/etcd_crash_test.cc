// A control plane on etcd that is killed (SIGKILL) at any point while its changes are on their way, again and again,
// and another one after it; two that stay, watchers that lag, members of etcd that are killed, fall silent or cannot be
// reached meanwhile, etcd and logs compacted. Whatever was answered is there, in order and by who was answered; what
// was not is there whole or not at all; no version is missing, and nobody saw one twice. HEDDLE_MODEL_KILLS=500 kills
// so often; HEDDLE_MODEL_SEED=<number> repeats a run's choices (how far a writer gets before it is killed is the
// machine's).
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/contract/crash_writer.h"
#include "tests/support/etcd_trouble.h"
#include "tests/support/model_options.h"
#include "tests/support/seeded_random.h"
#include "tests/support/store_watchers.h"

namespace heddle {
namespace {
constexpr size_t kMembers = 3;
constexpr size_t kStaying = 2;  // control planes
constexpr uint64_t kSeed = 41;
constexpr std::string_view kStays = "stays";

// A process is many times as slow to make where the sanitizer's shadow is set up with it.
#ifdef __SANITIZE_ADDRESS__
constexpr uint64_t kKills = 15;
#else
constexpr uint64_t kKills = 40;
#endif

// A condition that no event of the loop announces: it is looked at every millisecond, for a minute.
template <class F>
bool looks_until(Loop& loop, F&& done) {
  std::unique_ptr<Timer> look;
  look = loop.timer([&look] { look->arm(1ms); });
  look->arm(1ms);
  return runs_until(loop, done);
}

// What one author was told.
struct Told {
  std::set<uint64_t> kept;
  uint64_t unknown = 0;
};

struct OwnCommit {
  bool is_over = false;
  Pending token;
};

class CrashRounds {
 public:
  explicit CrashRounds(uint64_t seed) : random_(seed) {
    writers_etcd_ = trouble_.add_ways();
    for (size_t i = 0; i < kStaying; ++i) {
      staying_.push_back(rig_.open_etcd(crash_etcd(trouble_.add_ways(), 4s), crash_journal(prefix_)));
    }
    ledger_ = rig_.open_etcd_ledger(crash_etcd(cluster_.endpoints(), 30s), crash_mirror(prefix_));
    admin_ = rig_.client(StoreRig::options(cluster_.endpoints()));
  }
  bool is_open() const {
    for (const auto& node : staying_) {
      if (node->store == nullptr) return false;
    }
    return !testing::Test::HasFailure();
  }
  void begin() {
    for (const auto& node : staying_) record_.follow(*node->store);
  }
  void one(uint64_t number) {
    befall();
    std::string author = str_cat("w", std::to_string(number));
    ASSERT_NO_FATAL_FAILURE(write_and_kill(author));
    for (StoreWatcher& watcher : watchers_) {
      if (random_.below(2) == 0) watcher.read(any_store(), 1 + random_.below(8));
    }
    ASSERT_NO_FATAL_FAILURE(compare(number));
    for (uint64_t version : told_[author].kept) ASSERT_EQ(author_of(version), author) << "version " << version;
  }
  void end();
  uint64_t unanswered() const { return unanswered_; }
  uint64_t versions() const { return record_.size(); }
  std::string log() const { return cluster_.log(0); }

 private:
  Store& any_store() { return *staying_[random_.below(kStaying)]->store; }
  const std::string& author_of(uint64_t version) const {
    static const std::string nobody = "(nobody)";
    auto found = record_.entries().find(version);
    return found == record_.entries().end() ? nobody : found->second.author;
  }

  // --- what befalls etcd and the ways to it: one thing at a time, for some rounds
  void befall() {
    compact();
    if (rounds_of_trouble_ > 0) {
      if (--rounds_of_trouble_ == 0) trouble_.end();
      return;
    }
    if (random_.below(10) != 0) return;
    rounds_of_trouble_ = 1 + random_.below(4);
    size_t member = random_.below(kMembers);
    switch (random_.below(5)) {
      case 0:
        return trouble_.kill(member);
      case 1:
        rounds_of_trouble_ = 1;  // who asks it waits for a second
        return trouble_.silence(member);
      case 2:
        return trouble_.way(member).cut();  // from the writers
      case 3:
        return cut_from_all(member);
      default:
        return cut_off(random_.below(kStaying));
    }
  }
  void cut_from_all(size_t member) {
    for (size_t way = member; way < trouble_.ways(); way += kMembers) trouble_.way(way).cut();
  }
  void cut_off(size_t staying) {
    for (size_t member = 0; member < kMembers; ++member) trouble_.way((1 + staying) * kMembers + member).cut();
  }
  void compact() {
    if (random_.below(8) == 0) {
      compaction_ = admin_->range({prefix_ + "head"}, [this](Result<EtcdRangeAnswer> now) {
        if (!now) return;
        compaction_ = admin_->compact(now->header.revision, [](const Result<EtcdHeader>&) {});
      });
    }
    if (random_.below(8) == 0) {
      Store& one = any_store();
      uint64_t newest = one.version().sequence;
      one.compact({1, newest - std::min(newest, random_.below(6))});
    }
  }

  // --- one who writes
  void write_and_kill(const std::string& author) {
    Told& told = told_[author];
    uint64_t wanted = random_.below(6);  // 0: not even that it is open
    SecondSelf writer(CrashWriter::part(author, prefix_, writers_etcd_));
    if (random_.below(4) == 0) write_beside_it();
    uint64_t heard = 0;
    auto hear = [&] {
      for (const SecondSelf::Said& said : writer.hear()) heard += take(said, told);
    };
    ASSERT_TRUE(looks_until(rig_.loop, [&] {
      hear();
      return heard >= wanted || writer.has_ended();
    })) << log();
    ASSERT_FALSE(writer.has_ended()) << "it could not open the store\n" << log();
    // A point between two of its steps: how far it gets meanwhile is the machine's choice.
    for (uint64_t turns = random_.below(5'000'000); turns > 0; --turns) asm volatile("");
    writer.kill();
    hear();
  }
  // 1: it is further than before.
  uint64_t take(const SecondSelf::Said& said, Told& told) {
    switch (static_cast<CrashWriter::What>(said.what)) {
      case CrashWriter::kOpened:
        EXPECT_GE(said.number, reached_) << "it was shown less than there is";
        return 1;
      case CrashWriter::kKept:
        EXPECT_TRUE(all_kept_.insert(said.number).second) << "two were told of version " << said.number;
        told.kept.insert(said.number);
        return 1;
      case CrashWriter::kUnknown:
        ++told.unknown;
        return 1;
      case CrashWriter::kLedgerKept:
        EXPECT_GT(said.number, ledger_reached_);
        ledger_reached_ = std::max(ledger_reached_, said.number);
        return 0;
    }
    ADD_FAILURE() << "it said " << said.what;
    return 0;
  }
  void write_beside_it() {
    Store& store = any_store();
    auto own = std::make_unique<OwnCommit>();
    OwnCommit* one = own.get();
    own->token = store.commit(crash_script::commit_of(store.version().sequence + 1, std::string(kStays)), nullptr,
                              [this, one](const Result<Commit>& done) {
                                one->is_over = true;
                                Told& told = told_[std::string(kStays)];
                                if (done) {
                                  EXPECT_TRUE(all_kept_.insert(done->version.sequence).second);
                                  told.kept.insert(done->version.sequence);
                                } else if (done.error().reason == Reason::kUnavailable) {
                                  ++told.unknown;
                                }
                              });
    own_.push_back(std::move(own));
  }

  // --- who opens it after that
  void compare(uint64_t number) {
    // Before it reads: one of those that stay may be answered meanwhile.
    uint64_t answered = std::max(reached_, all_kept_.empty() ? 0 : *all_kept_.rbegin());
    auto fresh = rig_.open_etcd(crash_etcd(cluster_.endpoints(), 30s), crash_journal(prefix_));
    ASSERT_NE(fresh->store, nullptr) << log();
    uint64_t newest = fresh->store->version().sequence;
    ASSERT_GE(newest, answered) << "an answered change is lost";
    unanswered_ += newest - answered;
    reached_ = newest;
    ASSERT_NO_FATAL_FAILURE(crash_script::expect_true(*fresh->store));
    record_.read(*fresh->store);
    if (rounds_of_trouble_ == 0) {
      for (const auto& node : staying_) ASSERT_TRUE(rig_.sees(*node, {1, newest})) << node->journal->health().problem;
    }
    ASSERT_NO_FATAL_FAILURE(compare_ledger(*ledger_->ledger));
    if (number % 10 != 0) return;
    auto other = rig_.open_etcd_ledger(crash_etcd(cluster_.endpoints(), 30s), crash_mirror(prefix_));
    compare_ledger(*other->ledger);
  }
  void compare_ledger(Ledger& ledger) {
    Result<void> synced = rig_.sync(ledger);
    for (int tries = 0; tries < 5 && !synced; ++tries) synced = rig_.sync(ledger);
    ASSERT_TRUE(synced.has_value()) << synced.error().text();
    ASSERT_GE(crash_script::number_of(ledger), ledger_reached_) << "an answered change is lost";
    ledger_reached_ = crash_script::number_of(ledger);
    crash_script::expect_whole(ledger);
  }

  // --- the end
  void commit_once_more();
  void expect_each_by_who_was_told() const;

  SeededRandom random_;
  LedgerRig rig_;
  EtcdCluster cluster_{kMembers};
  EtcdTrouble trouble_{cluster_};
  std::string prefix_ = "/heddle/crash/";
  std::vector<EtcdEndpoint> writers_etcd_;
  std::unique_ptr<EtcdClient> admin_;
  std::vector<std::unique_ptr<StoreRig::EtcdNode>> staying_;
  std::unique_ptr<LedgerRig::EtcdNode> ledger_;
  VersionRecord record_;
  std::vector<StoreWatcher> watchers_{3};
  std::map<std::string, Told> told_;  // by author
  std::set<uint64_t> all_kept_;
  std::vector<std::unique_ptr<OwnCommit>> own_;
  Pending compaction_;
  uint64_t rounds_of_trouble_ = 0;
  uint64_t reached_ = 0;
  uint64_t ledger_reached_ = 0;
  uint64_t unanswered_ = 0;
};

// Behind this nothing that a dead writer sent can come through: it depends on what was there before.
void CrashRounds::commit_once_more() {
  Store& store = *staying_[0]->store;
  for (int tries = 0; tries < 30; ++tries) {
    uint64_t next = store.version().sequence + 1;
    Result<Commit> done = rig_.StoreRig::commit(*staying_[0], crash_script::commit_of(next, "last"));
    if (done) return;
    run_turns(rig_.loop);
  }
  FAIL() << "nothing can be committed: " << staying_[0]->journal->health().problem;
}

void CrashRounds::expect_each_by_who_was_told() const {
  std::map<std::string, std::set<uint64_t>> made;
  for (const auto& [version, entry] : record_.entries()) made[entry.author].insert(version);
  for (const auto& [author, told] : told_) {
    std::set<uint64_t>& of_author = made[author];
    for (uint64_t version : told.kept) EXPECT_TRUE(of_author.contains(version)) << author << ", version " << version;
    uint64_t more = author == kStays ? 0 : 1;  // answered, but killed before it could say so; or on its way
    EXPECT_LE(of_author.size(), told.kept.size() + told.unknown + more) << author;
  }
}

void CrashRounds::end() {
  trouble_.end();
  rounds_of_trouble_ = 0;
  ASSERT_TRUE(runs_until(
      rig_.loop, [&] { return std::all_of(own_.begin(), own_.end(), [](const auto& own) { return own->is_over; }); }));
  ASSERT_NO_FATAL_FAILURE(commit_once_more());
  ASSERT_NO_FATAL_FAILURE(compare(0));

  EXPECT_EQ(record_.newest(), reached_);
  EXPECT_EQ(record_.size(), reached_) << "a version is missing";
  expect_each_by_who_was_told();
  const Store& store = *staying_[0]->store;
  StoreContents all = contents_of(store.view());
  for (const auto& node : staying_) EXPECT_EQ(contents_of(node->store->view()), all);
  for (StoreWatcher& watcher : watchers_) {
    while (watcher.at() < store.version()) ASSERT_NO_FATAL_FAILURE(watcher.read(store, SIZE_MAX));
    EXPECT_EQ(watcher.seen(), all);
  }
}

TEST(EtcdCrash, KilledAtManyPointsItLosesNothingThatWasAnsweredAndNobodySeesATear) {
  if (std::optional<std::string> part = SecondSelf::part()) CrashWriter(*part).run();
  uint64_t seed = model_option("HEDDLE_MODEL_SEED").value_or(kSeed);
  uint64_t kills = model_option("HEDDLE_MODEL_KILLS").value_or(kKills);
  SCOPED_TRACE(str_cat("HEDDLE_MODEL_SEED=", std::to_string(seed), " HEDDLE_MODEL_KILLS=", std::to_string(kills)));
  CrashRounds rounds(seed);
  ASSERT_TRUE(rounds.is_open()) << rounds.log();
  rounds.begin();

  for (uint64_t i = 1; i <= kills; ++i) {
    SCOPED_TRACE(str_cat("kill ", std::to_string(i)));
    ASSERT_NO_FATAL_FAILURE(rounds.one(i));
  }

  ASSERT_NO_FATAL_FAILURE(rounds.end());
  testing::Test::RecordProperty("committed_but_not_answered", static_cast<int>(rounds.unanswered()));
  testing::Test::RecordProperty("versions", static_cast<int>(rounds.versions()));
}
}  // namespace
}  // namespace heddle
