// WatchWorker: where batches are applied and the last good snapshot is kept: OffloadWatchWorker on libuv's pool, a test
// wherever it likes. One call at a time takes effect; answers come from the loop. Belongs to the main loop.
#pragma once
#include "lib/event/offload.h"
#include "proxy/watch/batch_applier.h"

namespace heddle {
class WatchWorker {
 public:
  using OnApplied = UniqueFunction<void(AppliedBatch)>;
  using OnRestored = UniqueFunction<void(Result<LastGood>)>;
  using OnStored = UniqueFunction<void(Result<void>)>;
  virtual ~WatchWorker() = default;
  [[nodiscard]] virtual Pending apply(WatchBatch, OnApplied) = 0;
  // kNotFound: there is none (or it is not wanted).
  [[nodiscard]] virtual Pending restore(OnRestored) = 0;
  // Some time after a change; then is also the time to tidy up memory.
  [[nodiscard]] virtual Pending store(std::vector<ResourceKey> wants, OnStored) = 0;
};

class OffloadWatchWorker final : public WatchWorker {
 public:
  // `file`: snapshot.json of the state directory (0700, made by whoever stores there first); empty: nothing is kept.
  OffloadWatchWorker(Loop&, std::string file);
  [[nodiscard]] Pending apply(WatchBatch, OnApplied) override;
  [[nodiscard]] Pending restore(OnRestored) override;
  [[nodiscard]] Pending store(std::vector<ResourceKey> wants, OnStored) override;

 private:
  struct Shared;
  Offload offload_;
  const std::string file_;
  std::shared_ptr<Shared> shared_;  // outlives us while the pool works
};
}  // namespace heddle
