// Journal: where the store's transactions survive the process. One store owns one journal; calls come from the store's
// loop, one at a time. An implementation keeps the current resources and, for a bounded number of transactions, what
// they replaced, so that sidecars resume from a recent version after a restart too.
#pragma once
#include "control/store/event_log.h"

namespace heddle {
struct JournalState {
  struct Undo {
    ResourceKey key;
    StoredResource::Ptr before;  // nullptr: the transaction created it
  };
  Version version;  // {1, 0} for a fresh journal
  std::vector<StoredResource::Ptr> resources;
  // history[0] undoes `version`, history[1] the one before it, ...: without a gap.
  std::vector<std::vector<Undo>> history;
};

class Journal {
 public:
  virtual ~Journal() = default;
  // Once, before the first append().
  virtual Result<JournalState> replay() = 0;
  // Durable when it returns; after an error nothing of the event is kept.
  virtual Result<void> append(const Event&) = 0;
};
}  // namespace heddle
