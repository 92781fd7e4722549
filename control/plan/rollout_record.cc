#include "control/plan/rollout_record.h"

#include "lib/base/assert.h"
#include "lib/base/strings.h"

namespace heddle {
void RolloutRecord::ask(Make make, Ledger::Done done) {
  if (waiting_.size() >= kMaxWaiting) {
    return done(make_error(Reason::kOverload, str_cat(std::to_string(kMaxWaiting),
                                                      " steps of the rollout wait to be kept already; try again")));
  }
  waiting_.push_back({std::move(make), std::move(done)});
  turn();
}

void RolloutRecord::write(RolloutState next, Ledger::Done done) {
  HEDDLE_CHECK(!is_busy());
  is_turning_ = true;
  send(std::move(next), std::move(done));
  is_turning_ = false;
  turn();
}

bool RolloutRecord::learn(std::string_view saved) {
  if (saved == known_) return false;
  known_ = saved;
  if (current_) current_->is_overtaken = true;
  return true;
}

// Those that are answered inside follow each other here, not inside each other.
void RolloutRecord::turn() {
  if (is_turning_) return;
  is_turning_ = true;
  while (!current_ && !waiting_.empty()) {
    Ask next = std::move(waiting_.front());
    waiting_.pop_front();
    begin(std::move(next));
  }
  is_turning_ = false;
}

void RolloutRecord::begin(Ask ask) {
  Result<RolloutState> next = ask.make();
  if (!next) return ask.done(std::move(next).error());
  send(*std::move(next), std::move(ask.done));
}

void RolloutRecord::send(RolloutState next, Ledger::Done done) {
  std::string json = next.json();
  current_.emplace(Write{std::move(next), json, std::move(done)});
  Pending token = save_(std::move(json), [this](Result<void> saved) { on_saved(std::move(saved)); });
  if (current_) token_ = std::move(token);
}

// A write is kept only on top of what was known when it began: what was learned since then is newer.
void RolloutRecord::on_saved(Result<void> saved) {
  Write done = *std::move(current_);
  current_.reset();
  if (saved && !done.is_overtaken) {
    known_ = std::move(done.json);
    on_kept_(std::move(done.next));
  }
  if (!saved && saved.error().reason != Reason::kConflict) ++failures_;
  done.done(std::move(saved));
  turn();
}
}  // namespace heddle
