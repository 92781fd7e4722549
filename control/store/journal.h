// Journal: where the store's transactions survive the process, and, where several processes share one, how each learns
// of those of the others. One store owns one journal; calls come from the store's loop, one append at a time. An
// implementation keeps the current resources and, for a bounded number of transactions, what they replaced and who made
// them, so that sidecars resume from a recent version and people see and restore old ones after a restart too.
#pragma once
#include "control/store/event_log.h"
#include "lib/base/operation.h"

namespace heddle {
struct JournalState {
  struct Undo {
    ResourceKey key;
    StoredResource::Ptr before;  // nullptr: the transaction created it
  };
  struct Past {
    ChangeNote note;
    std::vector<Undo> undos;
  };
  Version version;  // {1, 0} for a fresh journal
  std::vector<StoredResource::Ptr> resources;
  // history[0] undoes `version`, history[1] the one before it, ...: without a gap.
  std::vector<Past> history;
};

// A transaction that another process wrote.
struct ForeignEvent {
  struct Put {
    ResourceKey key;
    StoredResource::Ptr now;  // nullptr: erased
  };
  Version version;
  ChangeNote note;
  std::vector<Put> puts;
};

class JournalObserver {
 public:
  virtual ~JournalObserver() = default;
  // Every version of others, in order and without a gap; those that this store appended are not repeated.
  virtual void on_event(ForeignEvent) = 0;
  // What lies between was compacted: this is everything there is.
  virtual void on_reset(JournalState) = 0;
};

class Journal {
 public:
  using AppendDone = UniqueFunction<void(Result<void>)>;
  virtual ~Journal() = default;
  // Once, before the first append(). The observer, if anybody else may write, is called from then on, never inside a
  // call of the journal.
  virtual Result<JournalState> replay(JournalObserver&) = 0;
  // Durable when `done` is called with success; after an error nothing of the event is kept. kConflict: another process
  // was first, its event is or will be observed. kUnavailable: nobody confirmed it; if it was kept after all, it will
  // be observed like the event of another process. `done` may be called before this returns; destroying the token keeps
  // it silent, the event may be kept all the same.
  [[nodiscard]] virtual Pending append(const Event&, AppendDone done) = 0;
};
}  // namespace heddle
