// Store: all resources of the mesh and the one writer of versions. A transaction is committed as a whole: every
// expectation holds, the caller's admission agrees with the result, the journal has it for good; then it is one
// version. What changes nothing makes no version. Commits are made in the order in which they come; where other
// processes write to the same journal, one that lost the race is judged again on top of the winner's version. Readers
// take view(): immutable, cheap, any thread. Lives on the control loop. Limits: 64 MiB in all (what fits one watch
// batch), 10,000 operations in a transaction.
#pragma once
#include <deque>
#include <memory>
#include <variant>

#include "control/store/journal.h"
#include "lib/base/clock.h"
#include "lib/base/random.h"
#include "lib/base/unique_function.h"

namespace heddle {
struct PutOperation {
  Envelope envelope;
  // resourceVersion the author saw; Version{}: it must not exist; nothing: whatever is there.
  std::optional<Version> expected{};
  // When it was created, if it is new; nothing: now. A rollout shows it before it is committed, with the same bytes.
  std::optional<WallTime> created{};
  bool is_restored = false;  // `created` counts although there is one: it comes back as it was (ties of routes)
};
struct EraseOperation {
  ResourceKey key;
  std::optional<Version> expected{};
};
using StoreOperation = std::variant<PutOperation, EraseOperation>;
using Transaction = std::vector<StoreOperation>;
const ResourceKey& key_of(const StoreOperation&) noexcept;

enum class StoreOutcome : uint8_t { kCreated, kUpdated, kUnchanged, kErased };

struct CommitRequest {
  Transaction operations;
  std::string author{};               // name of the token
  std::string message{};              // why
  std::optional<Version> expected{};  // the store's version: nothing was committed since
  bool is_of_source = false;          // see Store::close
};

struct Commit {
  Version version;                     // the store's version with this transaction in it
  std::vector<StoreOutcome> outcomes;  // one per operation
  View after;
};

// Judges the state that a transaction would lead to (references, conflicts: lib/config). Called again for each try.
using Admission = UniqueFunction<Result<void>(const View& after)>;
using CommitDone = UniqueFunction<void(Result<Commit>)>;

// Stops its calls when destroyed. May outlive the store.
class StoreSubscription {
 public:
  StoreSubscription() = default;
  explicit StoreSubscription(std::shared_ptr<void> keep) : keep_(std::move(keep)) {}

 private:
  std::shared_ptr<void> keep_;
};

class Store final : private JournalObserver {
 public:
  static constexpr size_t kMaxOperations = 10'000;
  static constexpr size_t kMaxWaiting = 1000;      // commits; kOverload beyond
  static constexpr Duration kWaitForWinner = 15s;  // then kUnavailable
  static constexpr int kMaxTries = 100;            // of one commit that other processes are faster than
  struct Options {
    EventLog::Limits log{};
    size_t max_bytes = kMaxSnapshotBytes;
  };
  static Result<std::unique_ptr<Store>> open(Journal&, Scheduler&, Random&, Options);
  ~Store() override;

  // kConflict: an expectation does not hold; kNotFound: nothing to erase; kConfigInvalid: a resource is not valid by
  // itself; kTooLarge; what admission answered (which judges the whole); kIo;
  // kUnavailable; kOverload.
  // `done` is called once, never inside commit(). Destroying the token keeps it silent; what the journal already has
  // under way is committed all the same, anything else is not.
  [[nodiscard]] Pending commit(CommitRequest, Admission, CommitDone done);
  // The same, but nothing is kept.
  Result<Commit> preview(const CommitRequest&, Admission admission = nullptr) const;
  // From now on only commits of the source (is_of_source) are taken; others fail with `why`: what the source says is
  // the mesh, and a change beside it would be undone by the next thing it says.
  void close(Error why) { closed_ = std::move(why); }
  const std::optional<Error>& closed() const noexcept { return closed_; }
  void compact(Version version) { log_.compact(version); }
  // Called after each version, also one of another process: it may read the store, not commit to it. After several
  // that came at once (on_reset() of a journal) it is called once.
  [[nodiscard]] StoreSubscription on_commit(UniqueFunction<void(Version)>);

  View view() const { return log_.newest(); }
  Version version() const { return log_.newest().version(); }
  EventRange events_after(Version version, size_t max) const { return log_.events_after(version, max); }
  std::optional<View> view_at(Version version) const { return log_.view_at(version); }
  const EventLog& log() const noexcept { return log_; }

  class Access {
    friend class Store;
    Access() = default;
  };
  Store(Access, Journal&, Scheduler&, Random&, Options);

 private:
  struct Prepared;
  struct Waiting;
  struct Listener {
    UniqueFunction<void(Version)> call;
  };
  void on_event(ForeignEvent) override;
  void on_reset(JournalState) override;
  void step();
  void append(Prepared);
  void on_appended(Result<void>);
  void finish(Result<Commit>);
  void refuse_too_many();
  void give_up_winner();
  Result<Prepared> prepare(const CommitRequest&, Admission&) const;
  Result<void> apply(Prepared&, const StoreOperation&) const;
  Result<StoreOutcome> put(Prepared&, const PutOperation&) const;
  Result<StoreOutcome> erase(Prepared&, const EraseOperation&) const;
  std::string make_uid() const;
  void announce(Version);

  Journal& journal_;
  Scheduler& scheduler_;
  Random& random_;
  Options options_;
  EventLog log_;
  std::deque<std::shared_ptr<Waiting>> too_many_;  // are told in the next step
  std::deque<std::shared_ptr<Waiting>> waiting_;   // the first is under way once it was prepared
  std::unique_ptr<Prepared> appending_;
  Pending append_;
  std::optional<Error> closed_;
  Version lost_to_;  // another process made it: nothing is tried before it is seen
  std::unique_ptr<Timer> step_timer_;
  std::unique_ptr<Timer> winner_timer_;
  std::vector<std::weak_ptr<Listener>> listeners_;
};
}  // namespace heddle
