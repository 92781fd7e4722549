// SnapshotBuilder: resources as they arrive -> snapshots. Parses only what changed, validates the whole, and either
// makes the next snapshot or refuses the change with every problem and stays as it was. Owned by whoever receives
// configuration (watch client, files); one thread at a time, usually the offload thread. It never does I/O.
#pragma once
#include <memory>
#include <optional>
#include <vector>

#include "lib/config/parse.h"
#include "lib/config/validate.h"
#include "lib/snapshot/assembly.h"
#include "lib/snapshot/snapshot.h"

namespace heddle {
struct ConfigChange {
  enum class Kind : uint8_t { kDelta, kReplaceAll };
  Kind kind = Kind::kDelta;
  Version version;
  std::vector<Resource> puts;
  std::vector<ResourceKey> deletes;          // of a delta; keys that are not there are ignored
  std::optional<ContentHash> expected_hash;  // announced by the control plane
};

struct BuildOutcome {
  std::shared_ptr<const Snapshot> snapshot;  // nullptr: refused
  ChangeList changes;                        // since the previous snapshot of this builder
  ConfigProblems problems;
  // The change leads to other content than announced: it does not fit what we hold. Ask for everything.
  bool hash_differs = false;
  explicit operator bool() const noexcept { return snapshot != nullptr; }
};

class SnapshotBuilder {
 public:
  explicit SnapshotBuilder(ModelScope scope) : scope_(scope) {}
  BuildOutcome apply(const ConfigChange&);
  // The same for who needs the change no more: each resource's bytes are freed when they have been read, so that what
  // is made of the next ones takes their place.
  BuildOutcome apply(ConfigChange&&);
  // The last good one; nullptr before the first.
  const std::shared_ptr<const Snapshot>& current() const noexcept { return current_; }
  // Destroys the earlier snapshots that nobody else holds any more: here, so that no worker has to (it takes a
  // millisecond for a large one). To be called now and then; how many went.
  size_t collect();

 private:
  struct Draft {
    std::shared_ptr<Model> model;
    ContentHasher hasher;
    ConfigProblems problems;
  };
  Draft draft(const ConfigChange&) const;
  BuildOutcome take(const ConfigChange&, Draft);
  void put(const Resource&, Draft&) const;
  ModelScope scope_;
  std::shared_ptr<const Model> model_ = std::make_shared<const Model>();
  ContentHasher hasher_;
  SnapshotIds ids_;
  std::shared_ptr<const Snapshot> current_;
  std::vector<std::shared_ptr<const Snapshot>> earlier_;
};
}  // namespace heddle
