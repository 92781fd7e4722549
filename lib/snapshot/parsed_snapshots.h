// ParsedSnapshots: models that are parsed already -> snapshots, for who keeps resources parsed (the control plane's
// store). Nothing is read, hashed or copied, and what did not change is the same object as in the snapshot before; the
// snapshot's hash stays zero. Whoever has bytes takes SnapshotBuilder. One thread at a time.
#pragma once
#include "lib/config/validate.h"
#include "lib/snapshot/assembly.h"

namespace heddle {
class ParsedSnapshots {
 public:
  // Refuses a model whose references do not hold, with every problem, and keeps the last one.
  Result<std::shared_ptr<const Snapshot>> make(std::shared_ptr<const Model>, Version);
  // nullptr before the first.
  const std::shared_ptr<const Snapshot>& current() const noexcept { return current_; }

 private:
  SnapshotIds ids_;
  std::shared_ptr<const Snapshot> current_;
};
}  // namespace heddle
