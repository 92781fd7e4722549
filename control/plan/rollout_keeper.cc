#include "control/plan/rollout_keeper.h"

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr EnumName<RolloutStep> kSteps[] = {{"pause", RolloutStep::kPause},
                                            {"resume", RolloutStep::kResume},
                                            {"promote", RolloutStep::kPromote},
                                            {"abort", RolloutStep::kAbort}};

Error conflict(std::string why) { return make_error(Reason::kConflict, std::move(why), Origin::kDownstream); }

// Endpoints, health and identity reach everybody at once: taking a change back must not bring back old endpoints.
bool may_be_staged(Kind kind) {
  return kind != Kind::kBackendSet && kind != Kind::kHealthPolicy && kind != Kind::kWorkload &&
         kind != Kind::kFederatedTrustDomain;
}

bool is_unchanged(const Commit& commit) {
  return std::all_of(commit.outcomes.begin(), commit.outcomes.end(),
                     [](StoreOutcome outcome) { return outcome == StoreOutcome::kUnchanged; });
}

// Of `all`, what changes something; kBadRequest names what may not be staged.
Result<Transaction> changing(const Transaction& all, const Commit& preview) {
  Transaction out;
  std::vector<std::string> never;
  for (size_t i = 0; i < all.size(); ++i) {
    if (preview.outcomes[i] == StoreOutcome::kUnchanged) continue;
    const ResourceKey& key = key_of(all[i]);
    if (!may_be_staged(key.kind)) never.push_back(key.text());
    out.push_back(all[i]);
  }
  if (!never.empty()) {
    return make_error(Reason::kBadRequest,
                      str_cat(join(never, ", "), ": endpoints, health and identity are never staged; apply ",
                              never.size() == 1 ? "it" : "them", " without --stages first"),
                      Origin::kDownstream);
  }
  if (out.empty()) {
    return make_error(Reason::kBadRequest, "this changes nothing, so there is nothing to roll out",
                      Origin::kDownstream);
  }
  return out;
}

Result<RolloutState> stepped(RolloutState state, RolloutStep step, std::string who) {
  switch (step) {
    case RolloutStep::kPause:
      HEDDLE_CHECK_OK(state.pause(std::move(who)));
      break;
    case RolloutStep::kResume:
      HEDDLE_CHECK_OK(state.resume());
      break;
    case RolloutStep::kPromote:
      HEDDLE_CHECK_OK(state.promote(std::move(who)));
      break;
    case RolloutStep::kAbort:
      HEDDLE_CHECK_OK(state.abort(std::move(who)));
      break;
  }
  return state;
}

// What the ledger says of a document, for who asked for a step.
Ledger::Done in_words(Ledger::Done done) {
  return [done = std::move(done)](Result<void> kept) mutable {
    if (!kept && kept.error().reason == Reason::kUnavailable) {
      kept = std::move(kept).error().within("it is not known whether this counts, heddle rollout status tells");
    }
    done(std::move(kept));
  };
}
}  // namespace

std::optional<RolloutStep> rollout_step(std::string_view word) noexcept {
  for (const auto& step : kSteps) {
    if (step.name == word) return step.value;
  }
  return std::nullopt;
}

RolloutKeeper::RolloutKeeper(Parts parts)
    : parts_(std::move(parts)),
      led_(parts_.leadership.leads()),
      phase_since_(parts_.scheduler.now()),
      timer_(parts_.scheduler.timer([this] { look(); })),
      record_(parts_.save, [this](RolloutState kept) { adopt(std::move(kept)); }) {
  commits_ = parts_.store.on_commit([this](Version) { rebase(); });
}

Result<void> RolloutKeeper::restore(std::string_view saved) {
  if (!record_.learn(saved)) return {};
  Result<RolloutState> read = RolloutState::parse(saved);
  if (!read) return std::move(read).error().within("the rollout that was under way");
  adopt(*std::move(read));
  return {};
}

void RolloutKeeper::on_saved_elsewhere(std::string_view saved) {
  if (!record_.learn(saved)) return;
  if (saved.empty()) return forget();
  Result<RolloutState> read = RolloutState::parse(saved);
  if (read) return adopt(*std::move(read));
  parts_.log.error("nobody gets what another control plane rolls out", {{"error", read.error()}});
  forget();
}

// --- what people ask for ---

void RolloutKeeper::start(RolloutSpec spec, CommitRequest all, Ledger::Done done) {
  auto make = [this, spec = std::move(spec), all = std::move(all)]() mutable { return begun(std::move(spec), all); };
  record_.ask(std::move(make), in_words(std::move(done)));
}

Result<RolloutState> RolloutKeeper::begun(RolloutSpec spec, const CommitRequest& all) {
  if (is_running()) {
    return conflict(str_cat("a rollout is ", to_text(state_->phase()),
                            " already, and there is one at a time: heddle rollout status, promote or abort"));
  }
  if (parts_.store.closed()) return Error(*parts_.store.closed());
  HEDDLE_TRY(Commit preview, stage_changes(all.operations));
  HEDDLE_TRY(Transaction changes, changing(all.operations, preview));
  Versions base = versions_of(changes);
  for (size_t i = 0; i < base.size(); ++i) std::get<PutOperation>(changes[i]).expected = base[i];
  RolloutState next({std::move(spec), std::move(changes), all.author, all.message, parts_.scheduler.wall()});
  if (next.json().size() > RolloutState::kMaxBytes) {
    return make_error(Reason::kTooLarge, "what a rollout changes may have 1 MiB in all", Origin::kDownstream);
  }
  return next;
}

// Whoever waits for the turn meant the rollout that he saw, and was allowed to step that one.
void RolloutKeeper::step(RolloutStep step, std::string_view by, Ledger::Done done) {
  std::string who = str_cat("by ", by.empty() ? "an admin" : by);
  auto make = [this, step, who = std::move(who), meant = state_]() mutable -> Result<RolloutState> {
    if (!meant) return make_error(Reason::kNotFound, "there is no rollout", Origin::kDownstream);
    if (!state_ || !state_->is_same_rollout(*meant)) return conflict("another rollout has begun meanwhile");
    return stepped(*state_, step, std::move(who));
  };
  record_.ask(std::move(make), in_words(std::move(done)));
}

Result<void> RolloutKeeper::admit(const View& after) const {
  if (!is_running()) return {};
  View now = parts_.store.view();
  for (const StoreOperation& operation : state_->changes()) {
    const ResourceKey& key = key_of(operation);
    if (after.find(key) == now.find(key)) continue;
    return conflict(str_cat(key.text(), " belongs to the rollout that is ", to_text(state_->phase()),
                            ": heddle rollout promote or abort comes first"));
  }
  return {};
}

// --- the overlay ---

Result<Commit> RolloutKeeper::stage_changes(const Transaction& changes) const {
  return parts_.store.preview({changes}, [this](const View& after) { return parts_.admit(after); });
}

RolloutKeeper::Versions RolloutKeeper::versions_of(const Transaction& changes) const {
  Versions out;
  View now = parts_.store.view();
  for (const StoreOperation& change : changes) {
    StoredResource::Ptr found = now.find(key_of(change));
    out.push_back(found == nullptr ? Version() : found->meta().version);
  }
  return out;
}

// What another control plane took before it heard of the rollout. The rollout must not write over it. So the document
// says what it began on; where an older one does not, what is newest when we hear of it counts.
const ResourceKey* RolloutKeeper::changed_beside() {
  Versions now = versions_of(state_->changes());
  for (size_t i = base_.size(); i < now.size(); ++i) base_.push_back(state_->base()[i].value_or(now[i]));
  for (size_t i = 0; i < now.size(); ++i) {
    if (now[i] != base_[i]) return &key_of(state_->changes()[i]);
  }
  return nullptr;
}

// The change on top of what is newest now. When that has it already, the rollout is at its end.
void RolloutKeeper::rebase() {
  if (!is_running()) return;
  Result<Commit> staged = stage_changes(state_->changes());
  RolloutState next = *state_;
  Version newest = parts_.store.version();
  if (staged && is_unchanged(*staged)) {
    is_over_ = true;
    view_ = staged->after.at(newest);  // the same for everybody
    next.finish(newest);
    return decide("rollout-promoted", std::move(next));
  }
  const ResourceKey* beside = staged ? changed_beside() : nullptr;
  is_over_ = !staged || beside != nullptr;
  if (!is_over_) {
    view_ = staged->after.at(newest);
    return;
  }
  next.roll_back(staged ? str_cat(beside->text(), " was changed beside it, in version ", newest.text(), " or before")
                        : str_cat("it no longer fits version ", newest.text(), ": ", staged.error().detail));
  if (std::exchange(view_, std::nullopt)) parts_.on_changed();
  decide("rollout-rollback", std::move(next));
}

// --- states ---

// What is durable.
void RolloutKeeper::adopt(RolloutState next) {
  bool is_new = !state_ || !state_->is_same_rollout(next);
  state_ = std::move(next);
  if (is_new) base_.clear();
  if (is_new) view_.reset();
  enter();
  rebase();
}

void RolloutKeeper::forget() {
  state_.reset();
  enter();
}

void RolloutKeeper::enter() {
  ++entered_;
  is_committing_ = is_over_ = false;
  failing_.reset();
  phase_since_ = parts_.scheduler.now();
  led_ = parts_.leadership.leads();
  sight_.begin(state_ ? state_->cohort() : Cohort(), phase_since_);
  if (is_running()) {
    timer_->arm(state_->phase() == RolloutPhase::kCommitting ? Duration(0) : kLookEvery);
  } else {
    view_.reset();
    timer_->cancel();
  }
  parts_.on_changed();
}
}  // namespace heddle
