#include "control/store/ledger_tries.h"

#include <utility>

namespace heddle {
namespace {
bool is_behind(const Result<void>& result) {
  return !result && (result.error().reason == Reason::kConflict || result.error().reason == Reason::kNotFound);
}
}  // namespace

void LedgerTries::run(Judge judge_it, Ledger::Done done) {
  if (all_.size() >= kMaxUnderWay) {
    return done(make_error(Reason::kOverload, "too many changes wait for the ledger; try again"));
  }
  uint64_t id = next_++;
  all_[id] = std::make_unique<One>(One{std::move(judge_it), std::move(done)});
  judge(id, Sight::kMaybeOld);
}

void LedgerTries::judge(uint64_t id, Sight sight) {
  One& one = *all_.at(id);
  Judged change = one.judge(sight);
  if (!change) return finish(id, std::move(change).error());
  if (!*change) {
    return sight == Sight::kMaybeOld ? sync(id) : finish(id, make_error(Reason::kNotFound, "no such record"));
  }
  if ((*change)->empty()) return finish(id, {});
  ++one.tries;
  uint64_t step = ++one.step;
  keep(id, step, ledger_.commit(**std::move(change), [this, id](Result<void> r) { on_committed(id, std::move(r)); }));
}

void LedgerTries::sync(uint64_t id) {
  uint64_t step = ++all_.at(id)->step;
  keep(id, step, ledger_.sync([this, id](Result<void> r) { on_synced(id, std::move(r)); }));
}

void LedgerTries::on_synced(uint64_t id, Result<void> synced) {
  if (!synced) return finish(id, std::move(synced));
  judge(id, Sight::kSynced);
}

void LedgerTries::on_committed(uint64_t id, Result<void> result) {
  if (!is_behind(result)) return finish(id, std::move(result));
  if (all_.at(id)->tries < kMaxTries) return sync(id);
  finish(id, make_error(Reason::kUnavailable,
                        "other control planes changed the same records meanwhile, each time; try again"));
}

// What was called may have answered inside, and the next call may be under way by now.
void LedgerTries::keep(uint64_t id, uint64_t step, Pending token) {
  auto at = all_.find(id);
  if (at != all_.end() && at->second->step == step) at->second->token = std::move(token);
}

void LedgerTries::finish(uint64_t id, Result<void> result) {
  std::unique_ptr<One> one = std::move(all_.extract(id).mapped());
  one->done(std::move(result));
}

void LedgerTries::abandon(const Error& why) {
  for (auto& [id, one] : std::exchange(all_, {})) {
    one->token.reset();
    one->done(Error(why));
  }
}
}  // namespace heddle
