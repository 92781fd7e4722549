// LedJournal: the journal of control planes of which one writes versions and the others follow it. In memory: the truth
// is kept elsewhere (a cluster), and every follower has a copy. Who begins to lead begins an epoch on top of what it
// has; who follows is told (take). Nothing that is older than what is known is taken. Control loop; pure.
#pragma once
#include <functional>

#include "control/store/journal.h"
#include "control/store/view.h"

namespace heddle {
class LedJournal final : public Journal {
 public:
  // Asked at each append: kUnavailable while it says no.
  explicit LedJournal(std::function<bool()> may_write) : may_write_(std::move(may_write)) {}
  Result<JournalState> replay(JournalObserver&) override;
  [[nodiscard]] Pending append(const Event&, AppendDone done) override;

  const Version& version() const noexcept { return version_; }
  // We write from now on, in this epoch, greater than any that was; `now` is what the store has.
  void begin_epoch(uint64_t epoch, const View& now);
  // What the leader has, or made. False: it is older than what we have; kept as it is.
  bool take(JournalState);
  // kUpstreamProtocolError: something is missing before it.
  Result<void> take(ForeignEvent);

 private:
  std::function<bool()> may_write_;
  JournalObserver* observer_ = nullptr;
  Version version_{1, 0};
};
}  // namespace heddle
