// The contract of readers over every store there is: who was told that a change is made, or a record kept, by one
// control plane, sees it at once at each of them. With SQLite that is one control plane, with etcd two on real members.
// And without a majority of etcd a reader gets the last state, and since when it may be old.
#include <gtest/gtest.h>

#include "control/app/etcd_backend.h"
#include "control/app/wait_for.h"
#include "control/store/store.h"
#include "lib/base/strings.h"
#include "tests/support/captured_log.h"
#include "tests/support/etcd_cluster.h"
#include "tests/support/run_turns.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace {
enum class StoreIs : uint8_t { kSqlite, kEtcd };

// One control plane's store.
struct Place {
  ~Place() { store = nullptr; }  // before what it stands on
  std::unique_ptr<StoreBackend> backend;
  std::unique_ptr<Store> store;
};
using PlacePtr = std::shared_ptr<Place>;

// What a reader saw in the moment when it was answered.
struct Seen {
  ReadIndex::Sight sight;
  Version version;
  std::string word;
};

class ReadRig {
 public:
  PlacePtr open_etcd(std::vector<EtcdEndpoint> endpoints) {
    EtcdOptions etcd;
    etcd.endpoints = std::move(endpoints);
    EtcdBackend::Parts parts{loop, random, tcp, std::move(etcd), prefix, "one", log.log().module("store")};
    return open(EtcdBackend::open(std::move(parts)));
  }
  PlacePtr open_sqlite() { return open(SqliteBackend::open(folder / "heddle.db", "one")); }

  Result<Commit> put(Place& place, int number) {
    CommitRequest request{{PutOperation{backend_set(str_cat("set-", std::to_string(number)))}}, "ada", "", {}};
    return wait_for<Commit>(
        loop, [&](CommitDone done) { return place.store->commit(std::move(request), nullptr, std::move(done)); });
  }
  Result<void> keep(Place& place, std::string word) {
    return wait_for<void>(loop, [&](Ledger::Done done) {
      return place.backend->ledger().commit({PutMeta{"word", std::move(word)}}, std::move(done));
    });
  }
  static Seen look(Place& place, const ReadIndex::Sight& sight) {
    Result<std::optional<std::string>> word = place.backend->ledger().meta("word");
    return {sight, place.store->version(), word ? word->value_or("") : ""};
  }
  // As the API does.
  std::optional<Seen> read(Place& place) {
    if (place.backend->reads() == nullptr) return look(place, {});
    std::optional<Seen> out;
    Pending token =
        place.backend->reads()->read([&](const ReadIndex::Sight& sight) { out.emplace(look(place, sight)); });
    static_cast<void>(runs_until(loop, [&] { return out.has_value(); }));
    return out;
  }

  Loop loop;
  SystemRandom random;
  TcpConnector tcp{loop};
  CapturedLog log;
  TempDir folder;
  std::string prefix = str_cat("/heddle/", std::to_string(random.next()), "/");

 private:
  PlacePtr open(Result<std::unique_ptr<StoreBackend>> opened) {
    EXPECT_TRUE(opened.has_value()) << opened.error().text();
    if (!opened) return nullptr;
    auto out = std::make_shared<Place>();
    out->backend = *std::move(opened);
    auto store = Store::open(out->backend->journal(), loop, random, {});
    EXPECT_TRUE(store.has_value()) << store.error().text();
    out->store = *std::move(store);
    return out;
  }
};

class ReadContract : public testing::TestWithParam<StoreIs> {
 protected:
  void SetUp() override {
    if (GetParam() == StoreIs::kSqlite) {
      writer_ = reader_ = rig_.open_sqlite();
    } else {
      writer_ = rig_.open_etcd(EtcdCluster::shared().endpoints());
      reader_ = rig_.open_etcd(EtcdCluster::shared().endpoints());
    }
    ASSERT_NE(writer_, nullptr);
    ASSERT_NE(reader_, nullptr);
  }
  static constexpr int kTimes = 50;
  ReadRig rig_;
  PlacePtr writer_;
  PlacePtr reader_;
};

TEST_P(ReadContract, AChangeThatWasAnsweredIsSeenByWhoeverReadsThen) {
  for (int i = 0; i < kTimes; ++i) {
    Result<Commit> made = rig_.put(*writer_, i);
    ASSERT_TRUE(made.has_value()) << made.error().text();

    std::optional<Seen> seen = rig_.read(*reader_);

    ASSERT_TRUE(seen.has_value());
    ASSERT_FALSE(seen->sight.since.has_value()) << seen->sight.problem;
    ASSERT_GE(seen->version, made->version);
  }
}

TEST_P(ReadContract, ARecordThatWasAnsweredIsSeenByWhoeverReadsThen) {
  for (int i = 0; i < kTimes; ++i) {
    std::string word = std::to_string(i);
    Result<void> kept = rig_.keep(*writer_, word);
    ASSERT_TRUE(kept.has_value()) << kept.error().text();

    std::optional<Seen> seen = rig_.read(*reader_);

    ASSERT_TRUE(seen.has_value());
    ASSERT_FALSE(seen->sight.since.has_value()) << seen->sight.problem;
    ASSERT_EQ(seen->word, word);
  }
}

TEST_P(ReadContract, WhoReadsWhileItWritesItselfIsAnsweredToo) {
  int written = 0;
  std::vector<Pending> tokens;
  for (int i = 0; i < kTimes; ++i) {
    CommitRequest request{{PutOperation{backend_set(str_cat("own-", std::to_string(i)))}}, "ada", "", {}};
    tokens.push_back(reader_->store->commit(std::move(request), nullptr, [&](Result<Commit> made) {
      EXPECT_TRUE(made.has_value()) << made.error().text();
      ++written;
    }));
  }
  while (written < kTimes) {
    std::optional<Seen> seen = rig_.read(*reader_);
    ASSERT_TRUE(seen.has_value());
    ASSERT_TRUE(runs_until(rig_.loop, [last = written, &written] { return written > last || written == kTimes; }));
  }

  std::optional<Seen> seen = rig_.read(*writer_);

  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(writer_->store->view().size(), static_cast<size_t>(kTimes));
}

INSTANTIATE_TEST_SUITE_P(Stores, ReadContract, testing::Values(StoreIs::kSqlite, StoreIs::kEtcd),
                         [](const auto& given) { return given.param == StoreIs::kSqlite ? "Sqlite" : "Etcd"; });

TEST(EtcdReads, WithoutAMajorityTheLastStateIsReadAndSinceWhenItMayBeOld) {
  EtcdCluster cluster(3);
  ReadRig rig;
  PlacePtr place = rig.open_etcd(cluster.endpoints());
  ASSERT_NE(place, nullptr);
  Result<Commit> made = rig.put(*place, 1);
  ASSERT_TRUE(made.has_value()) << made.error().text();
  WallTime then = rig.loop.wall();
  std::optional<Seen> current = rig.read(*place);
  ASSERT_TRUE(current.has_value());
  cluster.kill(0);
  cluster.kill(1);

  std::optional<Seen> old = rig.read(*place);

  ASSERT_TRUE(old.has_value());
  ASSERT_TRUE(old->sight.since.has_value());
  EXPECT_GE(*old->sight.since, then) << "it was confirmed after that";
  EXPECT_LE(*old->sight.since, rig.loop.wall());
  EXPECT_FALSE(old->sight.problem.empty());
  EXPECT_EQ(old->version, made->version);

  cluster.restart(0);
  cluster.restart(1);
  bool is_current = false;
  for (int i = 0; i < 30 && !is_current; ++i) {
    std::optional<Seen> again = rig.read(*place);
    is_current = again && !again->sight.since;
  }
  EXPECT_TRUE(is_current) << cluster.log(2);
}
}  // namespace
}  // namespace heddle
