// Store: all resources of the mesh and the one writer of versions. A transaction is committed as a whole: every
// expectation holds, the caller's admission agrees with the result, the journal has it on disk; then it is one version.
// What changes nothing makes no version. Readers take view(): immutable, cheap, any thread. Lives on the control loop.
// Limits: 64 MiB in all (what fits one watch batch), 10,000 operations in a transaction.
#pragma once
#include <map>
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
};
struct EraseOperation {
  ResourceKey key;
  std::optional<Version> expected{};
};
using StoreOperation = std::variant<PutOperation, EraseOperation>;
using Transaction = std::vector<StoreOperation>;
const ResourceKey& key_of(const StoreOperation&) noexcept;

enum class StoreOutcome : uint8_t { kCreated, kUpdated, kUnchanged, kErased };

struct Commit {
  Version version;                     // the store's version with this transaction in it
  std::vector<StoreOutcome> outcomes;  // one per operation
  View after;
};

// Judges the state that a transaction would lead to (references, conflicts: lib/config).
using Admission = UniqueFunction<Result<void>(const View& after)>;

// Stops its calls when destroyed. May outlive the store.
class StoreSubscription {
 public:
  StoreSubscription() = default;
  explicit StoreSubscription(std::shared_ptr<void> keep) : keep_(std::move(keep)) {}

 private:
  std::shared_ptr<void> keep_;
};

class Store {
 public:
  static constexpr size_t kMaxOperations = 10'000;
  struct Options {
    EventLog::Limits log{};
    size_t max_bytes = kMaxSnapshotBytes;
  };
  static Result<std::unique_ptr<Store>> open(Journal&, const Clock&, Random&, Options);

  // kConflict: an expectation does not hold; kNotFound: nothing to erase; kConfigInvalid: a resource is not valid by
  // itself; kTooLarge; what admission answered (which judges the whole); kIo.
  Result<Commit> commit(const Transaction&, Admission admission = nullptr);
  // The same, but nothing is kept.
  Result<Commit> preview(const Transaction&, Admission admission = nullptr) const;
  void compact(Version version) { log_.compact(version); }
  // Called after each version, inside commit(): it may read the store, not commit to it.
  [[nodiscard]] StoreSubscription on_commit(UniqueFunction<void(Version)>);

  View view() const { return log_.newest(); }
  Version version() const { return log_.newest().version(); }
  EventRange events_after(Version version, size_t max) const { return log_.events_after(version, max); }
  std::optional<View> view_at(Version version) const { return log_.view_at(version); }

  class Access {
    friend class Store;
    Access() = default;
  };
  Store(Access, Journal&, const Clock&, Random&, Options, EventLog);

 private:
  struct Prepared;
  struct Listener {
    UniqueFunction<void(Version)> call;
  };
  Result<Prepared> prepare(const Transaction&, Admission) const;
  Result<void> apply(Prepared&, const StoreOperation&) const;
  Result<StoreOutcome> put(Prepared&, const PutOperation&) const;
  Result<StoreOutcome> erase(Prepared&, const EraseOperation&) const;
  std::string make_uid() const;
  void announce(Version);

  Journal& journal_;
  const Clock& clock_;
  Random& random_;
  Options options_;
  EventLog log_;
  std::vector<std::weak_ptr<Listener>> listeners_;
};
}  // namespace heddle
