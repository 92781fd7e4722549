// BatchApplier: lines of one batch -> the next snapshot, and the text of the last good one. Everything that costs time
// in the watch is here; it does no I/O. One thread at a time: the offload pool's, or a test's own.
//
// The last good snapshot (snapshot.json of the state directory) is a watch stream in a file: a want line, a batch of
// kind snapshot, and a last line {"sha256":"<hex of everything before>"}.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "lib/api/watch_messages.h"
#include "lib/snapshot/snapshot_builder.h"

namespace heddle {
struct WatchBatch {
  WatchBegin begin;
  std::vector<std::string> lines;  // put and delete, as they came
  WatchEnd end;
  size_t bytes = 0;
};

struct AppliedBatch {
  std::shared_ptr<const Snapshot> snapshot;  // nullptr: refused
  std::vector<WatchNackError> errors;        // why
  bool hash_differs = false;                 // it does not fit what we hold: ask for everything
};

struct LastGood {
  std::vector<ResourceKey> wants;
  AppliedBatch applied;
};

class BatchApplier {
 public:
  AppliedBatch apply(const WatchBatch&);
  const std::shared_ptr<const Snapshot>& current() const noexcept { return builder_.current(); }

  // Destroys earlier snapshots that nobody holds; after much work gives the memory it took back.
  void tidy();

  std::string last_good_text(const std::vector<ResourceKey>& wants) const;
  // Everything is checked, the digest first; a file that fails is an error and changes nothing.
  Result<LastGood> restore(std::string_view text);

 private:
  void remember(const WatchBatch&, std::vector<Resource> puts, const std::vector<ResourceKey>& deletes);
  SnapshotBuilder builder_{ModelScope::kPart};
  size_t worked_ = 0;                        // bytes of batches since memory was given back
  std::map<ResourceKey, std::string> held_;  // the bytes of what current() is made of
};
}  // namespace heddle
