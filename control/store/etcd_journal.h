// EtcdJournal: the store's journal in etcd, shared by any number of control planes (docs/adr/0023-etcd-store.md). A
// transaction is one etcd transaction that depends on the head being the one last seen; a large one writes its parts
// first. What others write is learned by a watch of the head and read from the log, in order; a linearizable read now
// and then finds what a silent watch keeps back, and leaves a member that lost the others.
//   load() -> replay() -> append()...
// A request that is not answered is sent again: it can take effect once only. Where it stays unanswered append() fails
// with kUnavailable, and whether its event was kept is unknown; if it was, it is observed as an event of another.
// Writes need a majority of etcd's members; without it append() fails, and health() says since when what the store
// shows may be old. Control loop.
#pragma once
#include <list>

#include "control/store/etcd_loader.h"
#include "control/store/etcd_snapshot.h"
#include "control/store/etcd_watch.h"
#include "control/store/journal_health.h"
#include "lib/base/backoff.h"
#include "lib/base/log.h"

namespace heddle {
class EtcdJournal final : public Journal, private EtcdWatch::Observer {
 public:
  struct Options {
    std::string prefix = "/heddle/default/";  // ends with '/'; the mesh's own
    uint64_t history = 1000;                  // transactions that are kept
    uint64_t snapshot_every = 256;            // transactions
    Duration look = 5s;                       // between linearizable reads of the head
    Duration patience = 15s;                  // with an append that is not answered
  };
  static constexpr BackoffSpec kRetry{200ms, 2.0, 0.2, 5s};
  using LoadDone = UniqueFunction<void(Result<void>)>;
  EtcdJournal(EtcdClient&, Random&, Logger, Options);
  ~EtcdJournal() override;

  // Reads everything, once, before replay(). kUnavailable: try again; kIo: the store is damaged; kUnsupported: a newer
  // Heddle wrote it.
  [[nodiscard]] Pending load(LoadDone done);
  // What load() read; follows the others from then on.
  Result<JournalState> replay(JournalObserver&) override;
  [[nodiscard]] Pending append(const Event&, AppendDone done) override;
  // The observer has all that was committed by anybody before this call; never inside it. kUnavailable. Destroying the
  // token keeps it silent.
  [[nodiscard]] Pending sync(LoadDone done);
  JournalHealth health() const;
  Version version() const noexcept { return version_; }

 private:
  struct Append;
  struct Sync;
  void on_watch_events(const EtcdWatchAnswer&) override;
  void on_watch_ended(Error why) override;
  // The append under way.
  void write_parts();
  void send();
  void on_answer(Result<EtcdTransactionAnswer>);
  void on_unanswered(Error);
  void on_compare_failed(const EtcdTransactionAnswer&);
  void kept(int64_t revision);
  void finish_append(Result<void>);
  // Following the others.
  void look();
  void on_looked(Result<EtcdRangeAnswer>, Version known);
  void learn(const EtcdRangeAnswer&, Version known);
  void learn(const EtcdKeyValue& head);
  void open_watch(int64_t revision);
  void follow();
  void take(std::vector<EtcdEntry>);
  void on_follow_failed(Error);
  void reload();
  void take_reset(EtcdLoaded);
  void on_synced(Sync&, Result<EtcdRangeAnswer>, Version known);
  void has_looked();
  void settle();
  void fail_syncs(const Error&);
  void snapshot(const View&, std::string writer);
  void is_reachable();
  void is_unreachable(const Error&);

  EtcdClient& client_;
  Logger log_;
  Options options_;
  EtcdKeys keys_;
  std::string id_;  // of this process
  uint64_t attempts_ = 0;
  std::optional<EtcdLoaded> loaded_;
  JournalObserver* observer_ = nullptr;

  Version version_;              // what the observer has
  int64_t head_revision_ = 0;    // of the head that says version_
  Version target_;               // the newest that is known of
  int64_t target_revision_ = 0;  // of the head that says target_
  uint64_t cluster_id_ = 0;
  uint64_t snapshot_at_ = 0;  // none was made since, as far as we know
  Version looked_;            // what the last linearizable read said
  WallTime looked_at_;
  WallTime reached_;         // when `looked_` was asked for last of those that the observer has
  std::string unreachable_;  // why; empty: it is not
  std::string stuck_;        // why the others cannot be followed; empty: they can

  std::list<std::shared_ptr<Sync>> syncs_;
  std::shared_ptr<Append> appending_;
  Pending append_call_;
  Pending load_call_;
  Pending look_call_;
  Pending follow_call_;
  Pending snapshot_call_;
  std::unique_ptr<EtcdWatch> watch_;
  std::string watched_member_;
  Backoff retry_;
  std::unique_ptr<Timer> look_timer_;
  std::unique_ptr<Timer> resend_timer_;
};
}  // namespace heddle
