#include "control/plan/rollout_keeper.h"

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr EnumName<RolloutStep> kSteps[] = {{"pause", RolloutStep::kPause},
                                            {"resume", RolloutStep::kResume},
                                            {"promote", RolloutStep::kPromote},
                                            {"abort", RolloutStep::kAbort}};

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

std::string refusal_of(const NodeStatus& row) {
  std::string out = str_cat(row.key.node, " refused it");
  if (!row.nack || row.nack->errors.empty()) return out;
  const WatchNackError& first = row.nack->errors.front();
  for (const std::string* part : {&first.resource, &first.path, &first.message}) {
    if (!part->empty()) out.append(": ").append(*part);
  }
  return out;
}
}  // namespace

std::optional<RolloutStep> rollout_step(std::string_view word) noexcept {
  for (const auto& step : kSteps) {
    if (step.name == word) return step.value;
  }
  return std::nullopt;
}

RolloutKeeper::RolloutKeeper(Parts parts)
    : parts_(std::move(parts)), timer_(parts_.scheduler.timer([this] { look(); })) {
  commits_ = parts_.store.on_commit([this](Version) { rebase(); });
}

Result<void> RolloutKeeper::restore(std::string_view saved) {
  if (saved.empty()) return {};
  Result<RolloutState> read = RolloutState::parse(saved);
  if (!read) return std::move(read).error().within("the rollout that was under way");
  state_ = *std::move(read);
  enter();
  rebase();
  return {};
}

// --- what people ask for ---

Result<void> RolloutKeeper::start(RolloutSpec spec, const CommitRequest& all) {
  if (is_running()) {
    return make_error(Reason::kConflict,
                      str_cat("a rollout is ", to_text(state_->phase()),
                              " already, and there is one at a time: heddle rollout status, promote or abort"),
                      Origin::kDownstream);
  }
  HEDDLE_TRY(Commit preview, stage_changes(all.operations));
  HEDDLE_TRY(Transaction changes, changing(all.operations, preview));
  RolloutState next({std::move(spec), std::move(changes), all.author, all.message, parts_.scheduler.wall()});
  if (next.json().size() > RolloutState::kMaxBytes) {
    return make_error(Reason::kTooLarge, "what a rollout changes may have 1 MiB in all", Origin::kDownstream);
  }
  HEDDLE_CHECK_OK(keep(std::move(next)));
  rebase();
  return {};
}

Result<void> RolloutKeeper::step(RolloutStep step, std::string by) {
  if (!state_) return make_error(Reason::kNotFound, "there is no rollout", Origin::kDownstream);
  RolloutState next = *state_;
  std::string who = str_cat("by ", by.empty() ? "an admin" : by);
  switch (step) {
    case RolloutStep::kPause:
      HEDDLE_CHECK_OK(next.pause(who));
      break;
    case RolloutStep::kResume:
      HEDDLE_CHECK_OK(next.resume());
      break;
    case RolloutStep::kPromote:
      HEDDLE_CHECK_OK(next.promote(who));
      break;
    case RolloutStep::kAbort:
      HEDDLE_CHECK_OK(next.abort(who));
      break;
  }
  return keep(std::move(next));
}

Result<void> RolloutKeeper::admit(const View& after) const {
  if (!is_running()) return {};
  View now = parts_.store.view();
  for (const StoreOperation& operation : state_->changes()) {
    const ResourceKey& key = key_of(operation);
    if (after.find(key) == now.find(key)) continue;
    return make_error(Reason::kConflict,
                      str_cat(key.text(), " belongs to the rollout that is ", to_text(state_->phase()),
                              ": heddle rollout promote or abort comes first"),
                      Origin::kDownstream);
  }
  return {};
}

// --- the overlay ---

Result<Commit> RolloutKeeper::stage_changes(const Transaction& changes) const {
  return parts_.store.preview({changes}, [this](const View& after) { return parts_.admit(after); });
}

// The change on top of what is newest now. When that has it already, the rollout is at its end.
void RolloutKeeper::rebase() {
  if (!is_running()) return;
  Result<Commit> staged = stage_changes(state_->changes());
  RolloutState next = *state_;
  if (!staged) {
    next.roll_back(str_cat("it no longer fits version ", parts_.store.version().text(), ": ", staged.error().detail));
    return keep_own("rollout-rollback", std::move(next));
  }
  if (is_unchanged(*staged)) {
    next.finish(parts_.store.version());
    return keep_own("rollout-promoted", std::move(next));
  }
  view_ = staged->after.at(parts_.store.version());
}

// --- states ---

// On disk first.
Result<void> RolloutKeeper::keep(RolloutState next) {
  HEDDLE_CHECK_OK(parts_.save(next.json()));
  state_ = std::move(next);
  enter();
  return {};
}

// Nobody asked for it, so nobody can be refused: what cannot be kept counts until a restart.
void RolloutKeeper::keep_own(std::string_view type, RolloutState next) {
  Result<void> saved = parts_.save(next.json());
  if (!saved) parts_.log.error("the state of the rollout cannot be kept", {{"error", saved.error()}});
  state_ = std::move(next);
  parts_.log.info("rollout", {{"phase", to_text(state_->phase())},
                              {"stage", state_->spec().stages[state_->stage()].text()},
                              {"why", state_->reason()}});
  parts_.audit(type, state_->reason(), saved);
  enter();
}

void RolloutKeeper::enter() {
  cohort_ = state_->cohort();
  stage_since_ = parts_.scheduler.now();
  samples_.clear();
  progress_ = {};
  if (state_->is_running()) {
    timer_->arm(state_->phase() == RolloutPhase::kCommitting ? Duration(0) : kLookEvery);
  } else {
    view_.reset();
    timer_->cancel();
  }
  parts_.on_changed();
}

// --- each second ---

void RolloutKeeper::look() {
  if (!is_running()) return;
  timer_->arm(kLookEvery);
  if (state_->phase() == RolloutPhase::kCommitting) return commit();
  look_at_sidecars();
  if (refusal_ && state_->phase() != RolloutPhase::kPaused) {
    RolloutState next = *state_;
    next.roll_back(*std::exchange(refusal_, std::nullopt));
    return keep_own("rollout-rollback", std::move(next));
  }
  if (state_->phase() == RolloutPhase::kPending) return look_pending();
  look_watching();
}

void RolloutKeeper::look_at_sidecars() {
  progress_.members = progress_.live = progress_.reporting = progress_.others = 0;
  lowest_.reset();
  refusal_.reset();
  bool is_watched = state_->phase() != RolloutPhase::kPending;
  parts_.registry.for_each([&](const NodeStatus& row) {
    if (!row.is_connected || !row.is_affected) return;
    if (!is_watched) lowest_ = std::min(lowest_.value_or(kFullShare), Cohort::place(row.key));
    bool is_live = row.state == NodeState::kLive;
    if (!cohort_.contains(row.key)) {
      ++progress_.others;
      if (is_watched) samples_.note(row.key, row.report, CohortSide::kRest);
      return;
    }
    ++progress_.members;
    if (row.state == NodeState::kRefused) refusal_ = refusal_of(row);
    if (!is_live) return;
    ++progress_.live;
    if (traffic_of(row.report.counters)) ++progress_.reporting;
    if (is_watched) samples_.note(row.key, row.report, CohortSide::kFresh);
  });
}

// A share of a small mesh may be nobody: then it is the sidecar that comes first in the order of places.
void RolloutKeeper::widen(BasisPoints lowest) {
  RolloutState next = *state_;
  next.include_below(lowest + 1);
  if (Result<void> kept = keep(std::move(next)); !kept) {
    parts_.log.error("the state of the rollout cannot be kept", {{"error", kept.error()}});
  }
}

void RolloutKeeper::look_pending() {
  bool is_late = parts_.scheduler.now() - stage_since_ >= kTake;
  if (progress_.members == 0) {
    if (lowest_ && cohort_.share() != 0) return widen(*lowest_);
    return look_nobody(is_late);
  }
  if (progress_.live < progress_.members && (!is_late || progress_.live == 0)) {
    progress_.judgement.why =
        str_cat(std::to_string(progress_.live), " of ", std::to_string(progress_.members), " sidecars run the change");
    return;
  }
  state_->watch();  // on disk both are one
  stage_since_ = parts_.scheduler.now();
  samples_.clear();
  look_at_sidecars();
}

// They may come yet; but that nobody has it proves nothing.
void RolloutKeeper::look_nobody(bool is_late) {
  progress_.judgement.why = "no connected sidecar that the change concerns belongs to this stage";
  if (!is_late) return;
  RolloutState next = *state_;
  (void)next.pause(str_cat(progress_.judgement.why, "; heddle rollout promote, resume or abort"));
  keep_own("rollout-pause", std::move(next));
}

// Also while it is paused, for those who look; then nothing follows from it.
void RolloutKeeper::look_watching() {
  progress_.seen = samples_.evidence(parts_.scheduler.now() - stage_since_);
  progress_.judgement = judge(state_->spec(), progress_.seen);
  if (state_->phase() == RolloutPhase::kPaused) return;
  RolloutState next = *state_;
  switch (progress_.judgement.verdict) {
    case RolloutVerdict::kContinue:
      return;
    case RolloutVerdict::kRollBack:
      next.roll_back(progress_.judgement.why);
      return keep_own("rollout-rollback", std::move(next));
    case RolloutVerdict::kStuck:
      (void)next.pause(progress_.judgement.why);
      return keep_own("rollout-pause", std::move(next));
    case RolloutVerdict::kPromote:
      (void)next.promote(progress_.judgement.why);
      return keep_own("rollout-promote", std::move(next));
  }
}

// --- the end ---

// One version for everybody. Those who have the change already hold just that content. The one place that commits.
void RolloutKeeper::commit() {
  if (std::exchange(is_committing_, true)) return;
  const std::string& why = state_->message();
  commit_ = parts_.store.commit(
      {state_->changes(), state_->author(), why.empty() ? "staged rollout" : why},
      [this](const View& after) { return parts_.admit(after); },
      [this](const Result<Commit>& done) { on_committed(done); });
}

// That it is in the store, rebase() saw when the version was announced; or sees it now, when an earlier try that seemed
// to have failed had put it there. What may pass is tried again by look().
void RolloutKeeper::on_committed(const Result<Commit>& done) {
  is_committing_ = false;
  if (!is_running()) return;
  if (done) return rebase();
  Reason why = done.error().reason;
  if (why == Reason::kIo || why == Reason::kUnavailable || why == Reason::kTimeout) {
    state_->note(str_cat("the store does not take it yet: ", done.error().detail));
    return;
  }
  RolloutState next = *state_;
  next.roll_back(done.error().detail);
  keep_own("rollout-rollback", std::move(next));
}
}  // namespace heddle
