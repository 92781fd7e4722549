// A control plane that dies: at any point, with a write half done, with a full disk. Whatever was answered is there
// afterwards, whole and in order; what was not answered is there whole or not at all.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "tests/support/temp_dir.h"
#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace {
namespace fs = std::filesystem;
using Contents = std::map<std::string, std::string>;

Contents contents(const View& view) {
  Contents out;
  view.for_each([&out](const StoredResource::Ptr& r) { out.emplace(r->key_text(), r->bytes()); });
  return out;
}

// The same transactions for whoever asks: number n leads to version n.
class Script {
 public:
  static constexpr uint64_t kLength = 400;
  Script() {
    SeededRandom random(17);
    std::set<std::string> there;
    TestStore store;
    states_.push_back(contents(store->view()));
    for (uint64_t n = 1; n <= kLength; ++n) {
      operations_.push_back(make(n, random, there));
      EXPECT_TRUE(store.commit(operations_.back()).has_value());
      states_.push_back(contents(store->view()));
    }
  }
  const Transaction& operations(uint64_t number) const { return operations_.at(number - 1); }
  const Contents& state(uint64_t number) const { return states_.at(number); }

 private:
  static Transaction make(uint64_t n, SeededRandom& random, std::set<std::string>& there) {
    Transaction out;
    std::string port = std::to_string(1 + n);
    for (int i = 0; i < 6; ++i) {
      std::string name = "k" + std::to_string(i);
      if (i != 0 && random.below(3) != 0) continue;  // k0 changes every time
      bool is_erased = i != 0 && there.count(name) != 0 && random.below(2) == 0;
      if (is_erased) out.push_back(EraseOperation{*ResourceKey::make(Kind::kBackendSet, "default", name)});
      if (!is_erased) out.push_back(PutOperation{backend_set(name, port)});
      if (is_erased) there.erase(name);
      if (!is_erased) there.insert(name);
    }
    return out;
  }
  std::vector<Transaction> operations_;
  std::vector<Contents> states_;
};

const Script& script() {
  static const Script one;
  return one;
}

struct OpenStore {
  explicit OpenStore(const fs::path& path) : database(*SqliteDatabase::open(path.string())) {
    EXPECT_TRUE(migrate_sqlite(database).has_value());
    clock.set_wall(WallTime(1'800'001'000s));
    journal = *SqliteJournal::create(database, {});
    store = *Store::open(*journal, clock, random, {});
  }
  Result<Commit> go_on() {
    return commit_now(*store, clock, {script().operations(store->version().sequence + 1), "someone"});
  }
  ManualScheduler clock;
  SeededRandom random{5};
  SqliteDatabase database;
  std::unique_ptr<SqliteJournal> journal;
  std::unique_ptr<Store> store;
};

// Everything the store says about itself is what the script says.
void expect_true_to_the_script(const Store& store) {
  uint64_t newest = store.version().sequence;
  ASSERT_EQ(contents(store.view()), script().state(newest));
  EventRange all = store.events_after({1, 0}, SIZE_MAX);
  ASSERT_EQ(all.state, LogState::kComplete);
  ASSERT_EQ(all.events.size(), newest);
  Contents watched;
  for (uint64_t n = 1; n <= newest; ++n) {
    const Event& event = *all.events[n - 1];
    ASSERT_EQ(event.version, (Version{1, n}));
    ASSERT_EQ(event.note.author, "someone");
    for (const Change& change : event.changes) {
      if (change.now == nullptr) watched.erase(change.key.text());
      if (change.now != nullptr) watched[change.key.text()] = change.now->bytes();
    }
    ASSERT_EQ(watched, script().state(n)) << "version " << n;
  }
}

// Another process, which goes on with the script and says each version that it was told is durable.
class Writer {
 public:
  explicit Writer(const fs::path& path) {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    pid_ = ::fork();
    if (pid_ == 0) write(path, ends[1]);
    ::close(ends[1]);
    said_ = ends[0];
  }
  ~Writer() { ::close(said_); }
  // Waits for so many versions, or until it is through.
  void hear(uint64_t count) {
    while (count-- > 0 && hear_one()) {
    }
  }
  // The newest version that it was told.
  uint64_t kill() {
    EXPECT_EQ(::kill(pid_, SIGKILL), 0);
    while (hear_one()) {
    }
    EXPECT_EQ(::waitpid(pid_, nullptr, 0), pid_);
    return heard_;
  }

 private:
  [[noreturn]] static void write(const fs::path& path, int say) {
    OpenStore opened(path);
    while (opened.store->version().sequence < Script::kLength && opened.go_on()) {
      uint64_t version = opened.store->version().sequence;
      if (::write(say, &version, sizeof version) != sizeof version) break;
    }
    ::pause();  // until it is killed
    ::_exit(1);
  }
  bool hear_one() {
    uint64_t version = 0;
    if (::read(said_, &version, sizeof version) != sizeof version) return false;
    heard_ = version;
    return version < Script::kLength;
  }
  pid_t pid_;
  int said_;
  uint64_t heard_ = 0;
};

// A process is ten times as slow to make where the sanitizer's shadow is copied with it.
#ifdef __SANITIZE_ADDRESS__
constexpr int kKills = 50;
#else
constexpr int kKills = 500;
#endif

TEST(StoreCrash, KilledAtFiveHundredPointsItLosesNothingThatWasAnswered) {
  script();  // made before anybody forks
  TempDir folder;
  SeededRandom random(23);
  int file = 0;
  uint64_t reached = 0;
  uint64_t unanswered = 0;
  for (int kill = 0; kill < kKills; ++kill) {
    if (reached + 10 > Script::kLength) ++file, reached = 0;
    fs::path path = fs::path(folder.path()) / ("db" + std::to_string(file));
    Writer writer(path);
    writer.hear(random.below(4));
    // A point between two of its steps: how far it gets meanwhile is the machine's choice.
    for (uint64_t turns = random.below(200'000); turns > 0; --turns) asm volatile("");
    uint64_t answered = std::max(writer.kill(), reached);

    OpenStore opened(path);

    reached = opened.store->version().sequence;
    ASSERT_GE(reached, answered);
    ASSERT_LE(reached, answered + 1);
    unanswered += reached - answered;
    ASSERT_NO_FATAL_FAILURE(expect_true_to_the_script(*opened.store));
  }
  RecordProperty("committed_but_not_answered", static_cast<int>(unanswered));
}

void copy_cut(const fs::path& from, const fs::path& to, size_t wal_bytes) {
  fs::copy_file(from, to, fs::copy_options::overwrite_existing);
  std::string wal = from.string() + "-wal";
  fs::copy_file(wal, to.string() + "-wal", fs::copy_options::overwrite_existing);
  fs::resize_file(to.string() + "-wal", wal_bytes);
}

TEST(StoreCrash, AWriteTornAnywhereLeavesWholeVersions) {
  TempDir folder;
  fs::path path = fs::path(folder.path()) / "db";
  fs::path copy = fs::path(folder.path()) / "copy";
  OpenStore opened(path);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(opened.go_on().has_value());
  size_t size = fs::file_size(path.string() + "-wal");
  SeededRandom random(29);
  std::set<uint64_t> reached;
  for (int i = 0; i < 200; ++i) {
    copy_cut(path, copy, random.below(size));
    OpenStore torn(copy);
    reached.insert(torn.store->version().sequence);
    ASSERT_NO_FATAL_FAILURE(expect_true_to_the_script(*torn.store));
  }
  EXPECT_GT(reached.size(), 10U);
}

TEST(StoreCrash, BytesThatNeverReachedTheDiskAreNotTakenForVersions) {
  TempDir folder;
  fs::path path = fs::path(folder.path()) / "db";
  fs::path copy = fs::path(folder.path()) / "copy";
  OpenStore opened(path);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(opened.go_on().has_value());
  size_t size = fs::file_size(path.string() + "-wal");
  SeededRandom random(31);
  for (int i = 0; i < 100; ++i) {
    copy_cut(path, copy, size);
    std::fstream wal(copy.string() + "-wal", std::ios::in | std::ios::out | std::ios::binary);
    wal.seekp(static_cast<std::streamoff>(size / 2 + random.below(size / 2 - 512)));
    wal.write(std::string(512, '\0').data(), 512);  // a sector
    wal.close();
    OpenStore torn(copy);
    ASSERT_NO_FATAL_FAILURE(expect_true_to_the_script(*torn.store));
  }
}

// Writes beyond so many bytes of a file fail while this lives, as on a disk that is full.
class FullDisk {
 public:
  explicit FullDisk(size_t bytes) : before_(::signal(SIGXFSZ, SIG_IGN)) {
    EXPECT_EQ(::getrlimit(RLIMIT_FSIZE, &limit_), 0);
    struct rlimit full = limit_;
    full.rlim_cur = bytes;
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &full), 0);
  }
  ~FullDisk() {
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &limit_), 0);
    ::signal(SIGXFSZ, before_);
  }

 private:
  struct rlimit limit_ {};
  sighandler_t before_;
};

TEST(StoreCrash, AFullDiskRefusesWritesServesReadsAndForgetsNothing) {
  TempDir folder;
  fs::path path = fs::path(folder.path()) / "db";
  OpenStore opened(path);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(opened.go_on().has_value());
  size_t size = fs::file_size(path.string() + "-wal");
  uint64_t reached = 0;
  {
    FullDisk full(size + 20'000);
    Result<Commit> last = opened.go_on();
    while (last && opened.store->version().sequence < 100) last = opened.go_on();
    reached = opened.store->version().sequence;

    ASSERT_FALSE(last.has_value());
    EXPECT_EQ(last.error().reason, Reason::kIo);
    EXPECT_LT(reached, 100U);
    ASSERT_NO_FATAL_FAILURE(expect_true_to_the_script(*opened.store));
    EXPECT_FALSE(opened.go_on().has_value());
  }
  EXPECT_TRUE(opened.go_on().has_value()) << "there is room again";
  EXPECT_EQ(opened.store->version().sequence, reached + 1);
  ASSERT_NO_FATAL_FAILURE(expect_true_to_the_script(*opened.store));
}
}  // namespace
}  // namespace heddle
