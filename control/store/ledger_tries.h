// LedgerTries: changes of the ledger that are judged by what it shows, and judged anew where it turns out to be behind:
// something is missing that another control plane may have made, or one was faster with the same records. Each goes on
// to its end, whoever waits for it. Control loop.
#pragma once
#include <map>

#include "control/store/ledger.h"

namespace heddle {
class LedgerTries {
 public:
  static constexpr int kMaxTries = 4;
  static constexpr size_t kMaxUnderWay = 10'000;  // kOverload beyond
  enum class Sight : uint8_t { kMaybeOld, kSynced };
  // What to commit, judged by what the ledger shows now; an empty change: nothing is to be done. An error is the
  // outcome. Nothing at all (while the sight may be old): look again when all is known that others did.
  using Judged = Result<std::optional<LedgerChange>>;
  using Judge = UniqueFunction<Judged(Sight)>;
  explicit LedgerTries(Ledger& ledger) : ledger_(ledger) {}

  // `done` is called once, maybe before this returns, and must not destroy this object; destroyed, it is silent. The
  // judge's error, or the ledger's; kUnavailable also when others were faster each time.
  void run(Judge, Ledger::Done done);
  // Waits for nothing any more: each `done` gets this error. Whether the changes were kept is unknown.
  void abandon(const Error& why);
  size_t size() const noexcept { return all_.size(); }

 private:
  struct One {
    Judge judge;
    Ledger::Done done;
    int tries = 0;
    uint64_t step = 0;  // of the call that `token` belongs to
    Pending token{};
  };
  void judge(uint64_t id, Sight);
  void sync(uint64_t id);
  void on_synced(uint64_t id, Result<void>);
  void on_committed(uint64_t id, Result<void>);
  void keep(uint64_t id, uint64_t step, Pending);
  void finish(uint64_t id, Result<void>);

  Ledger& ledger_;
  std::map<uint64_t, std::unique_ptr<One>> all_;
  uint64_t next_ = 1;
};
}  // namespace heddle
