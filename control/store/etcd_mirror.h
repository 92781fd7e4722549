// EtcdMirror: a copy of all keys below a prefix of etcd, kept by a watch, and conditional changes of them
// (docs/adr/0025-replicas.md). For small records that every control plane must know: the ledger, who the replicas are.
//   load() -> follow() -> records(), commit(), sync()...
// A change takes effect only if the keys it names are as this copy has them, and at most once. With it go two keys that
// records() does not show: <prefix>.last, whose revision is that of the newest commit of anybody, and a mark of ours,
// <prefix>.by/<process>/<n>, on which the change depends too. A request that is not answered is sent again as it is:
// where its condition fails, the mark says whether an earlier try was kept; what the keys hold would not, since another
// process may have wanted the same. A linearizable read now and then finds what a silent watch keeps back, and leaves a
// member that lost the others; after a compaction everything is read anew. Control loop.
#pragma once
#include <deque>
#include <list>
#include <set>

#include "control/store/etcd_mirror_loader.h"
#include "control/store/etcd_watch.h"
#include "control/store/journal_health.h"
#include "lib/base/backoff.h"
#include "lib/base/log.h"

namespace heddle {
class EtcdMirror final : private EtcdWatch::Observer {
 public:
  using Record = EtcdMirrorRecord;
  using Records = EtcdMirrorRecords;  // by the key without the prefix
  struct Change {
    std::string key;                   // without the prefix; not starting with '.'
    std::optional<std::string> value;  // nothing: erased
  };
  class Observer {
   public:
    virtual ~Observer() = default;
    // Something that this process did not commit; records() has it already. Never inside a call of the mirror.
    virtual void on_mirror_changed(const std::string& key) = 0;
    // Each change of records() since follow(), our own too, at once; for indexes. Calls nothing of the mirror.
    virtual void on_mirror_record(const std::string& /*key*/, const std::string* /*was*/, const std::string* /*now*/) {}
  };
  struct Options {
    std::string prefix;       // ends with '/'
    Duration look = 5s;       // between linearizable reads
    Duration patience = 15s;  // with a change that is not answered
    Duration rest = 1min;     // of a mark before it is erased: no late copy of a request meets it
  };
  static constexpr size_t kMaxChanges = 100;        // of one commit (etcd's own limit is 128 operations)
  static constexpr size_t kMaxRecords = 1'000'000;  // kTooLarge beyond
  static constexpr size_t kMaxBytes = 1408 << 10;   // of the request of one commit (etcd's own limit is 1.5 MiB)
  static constexpr size_t kMaxFreeMarks = 64;       // what a burst needed beyond is erased with later commits,
  static constexpr size_t kMaxErased = 20;          // so many with each
  static constexpr Duration kSilence = 2s;          // of a watch that should have told something: all is read anew
  static constexpr BackoffSpec kRetry{200ms, 2.0, 0.2, 5s};
  using Done = UniqueFunction<void(Result<void>)>;
  EtcdMirror(EtcdClient&, Random&, Logger, Options);
  ~EtcdMirror();

  // Reads everything, once. kUnavailable: try again.
  [[nodiscard]] Pending load(Done);
  // From then on.
  void follow(Observer&);
  const Records& records() const noexcept { return state_.records(); }
  const Record* find(std::string_view key) const;
  // kConflict: a key is not as records() had it when this was called, which is then brought up to date; or another
  // commit of this process that names the key is under way (it is about to change what this one depends on). kTooLarge,
  // before anything is sent. kUnavailable: unknown whether it was kept; if it was, it is observed. Never calls `done`
  // inside. Several may be under way. Names each key once; without a change it succeeds. Destroying the token keeps it
  // silent, no more.
  [[nodiscard]] Pending commit(std::vector<Change>, Done);
  // records() has all that was committed by anybody before this call. kUnavailable.
  [[nodiscard]] Pending sync(Done);
  JournalHealth health() const;

 private:
  struct Commit;
  struct Sync;
  struct Mark {  // one of our keys; who uses it knows what revision to expect
    uint64_t number = 0;
    int64_t revision = 0;
  };
  struct FreeMark {
    Mark mark;
    MonoTime since;
  };
  using CommitPtr = std::shared_ptr<Commit>;
  using Commits = std::list<CommitPtr>;
  void on_watch_events(const EtcdWatchAnswer&) override;
  void on_watch_ended(Error why) override;
  // Commits.
  Result<void> check(const std::vector<Change>&) const;
  void prepare(Commit&);
  void send(Commit&);
  void on_answer(Commit&, Result<EtcdTransactionAnswer>);
  void on_unanswered(Commit&, Error);
  void on_compare_failed(Commit&, const EtcdTransactionAnswer&);
  void on_kept(Commit&, int64_t revision);
  void finish(Commit&, Result<void>);
  Mark take_mark();
  void free_mark(const Mark&);
  void take_spare_marks(Commit&);
  std::string mark_key(const Mark&) const;
  void forget_old_marks(const EtcdMirrorRecords&);
  void forget_next();
  // Following the others.
  bool is_ours(const EtcdWatchAnswer::Event&) const;
  bool is_few() const;
  void look();
  void on_looked(Result<EtcdRangeAnswer>, int64_t known);
  void expect(int64_t revision);
  void read_all();
  void take(EtcdMirrorLoaded, int64_t known);
  void drop_ours(const EtcdMirrorRecords& with_marks, EtcdMirrorState::Keys&) const;
  void on_read_failed(const Error&);
  bool is_another_state(uint64_t cluster_id, int64_t revision, int64_t known);
  void open_watch();
  void tell(EtcdMirrorState::Keys);
  void tell_all();
  void settle_syncs();
  void fail_syncs(const Error&);
  void is_reachable();
  void is_unreachable(const Error&);
  std::string path(std::string_view key) const { return options_.prefix + std::string(key); }

  EtcdClient& client_;
  Logger log_;
  Options options_;
  std::string id_;  // of this process
  EtcdMirrorState state_;
  Observer* observer_ = nullptr;
  uint64_t cluster_id_ = 0;

  uint64_t attempts_ = 0;
  Commits commits_;                                            // under way
  std::set<std::string, std::less<>> keys_;                    // that they change
  std::map<std::string, const Commit*, std::less<>> by_mark_;  // those that were sent, by what their marks hold
  std::deque<FreeMark> free_marks_;                            // the one that was used last is last
  uint64_t marks_ = 0;
  std::list<std::shared_ptr<Sync>> syncs_;
  int64_t expected_ = 0;  // the watch should tell it, or has
  bool is_expecting_ = false;

  std::set<std::string> untold_;  // keys
  DeferredOf<EtcdMirror, &EtcdMirror::tell_all> tell_{*this};
  WallTime reached_;         // last
  std::string unreachable_;  // why; empty: it is not
  std::string stuck_;        // why the others cannot be followed; empty: they can

  Pending look_call_;
  Pending read_call_;
  std::deque<std::pair<std::string, int64_t>> forgets_;  // marks left behind, and their revisions
  Pending forget_call_;
  std::unique_ptr<EtcdWatch> watch_;
  std::string watched_member_;
  Backoff retry_;
  std::unique_ptr<Timer> look_timer_;
  std::unique_ptr<Timer> silence_timer_;
};
}  // namespace heddle
