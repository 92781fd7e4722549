// SourceWriter: a translation of what a source says -> one transaction of the store, if it differs from what the store
// has; at most one at a time. What could not be written is translated and tried again. Control loop.
#pragma once
#include "control/cluster/cluster_transaction.h"
#include "control/store/store.h"
#include "control/watch/debounce.h"
#include "lib/base/log.h"
#include "lib/event/loop.h"

namespace heddle {
class SourceWriter {
 public:
  struct Parts {
    Store& store;
    Loop& loop;
    std::string author;  // "docker"
    std::function<Translation()> translate;
    std::function<Result<void>(const View&)> judge;  // the whole, as for every change
    Task on_synced;                                  // once: the first transaction is in the store
    Logger log;
    Debounce::Limits debounce{};
  };
  explicit SourceWriter(Parts);
  // The source says something else: it is translated after a debounce.
  void changed();
  bool is_synced() const noexcept { return is_synced_; }
  // Of the last translation; each is told once, when it is new.
  const ClusterProblems& problems() const noexcept { return problems_; }

 private:
  void act();
  void commit(ClusterChange);
  void on_committed(const ClusterChange&, const Result<Commit>&);
  void tell(ClusterProblems);
  Parts parts_;
  ClusterTransaction transaction_;
  ClusterProblems problems_;
  Debounce debounce_;
  std::unique_ptr<Timer> timer_;
  Pending committing_;
  bool is_synced_ = false;
  bool is_dirty_ = false;  // something changed while a transaction was under way
};
}  // namespace heddle
