// RolloutKeeper's looks at the sidecars, and the steps that it takes by itself.
#include "control/plan/rollout_keeper.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kRollBack = "rollout-rollback";
}  // namespace

// --- steps that nobody asked for ---

// By who leads, when nothing else is being written. What cannot be kept counts for nobody: others read the same
// document, and a restart would know nothing of it. The next look finds it again.
void RolloutKeeper::decide(std::string_view type, RolloutState next) {
  if (!parts_.leadership.leads() || record_.is_busy()) return;
  OwnStep step{std::string(type), to_text(next.phase()), next.spec().stages[next.stage()].text(), next.reason()};
  record_.write(std::move(next), [this, step = std::move(step)](const Result<void>& kept) { on_decided(step, kept); });
}

// A conflict: another control plane was faster, and what it wrote comes by itself.
void RolloutKeeper::on_decided(const OwnStep& step, const Result<void>& kept) {
  if (!kept && kept.error().reason == Reason::kConflict) return;
  bool is_first = !failing_;
  if (!kept) {
    sight_.say(str_cat("a step cannot be kept, it is tried again: ", kept.error().detail));
    MonoTime now = parts_.scheduler.now();
    if (failing_ && now - failing_->told < kTellEvery) return;
    failing_ = Failing{now};
    parts_.log.error("a step of the rollout cannot be kept, it is tried again",
                     {{"phase", step.phase}, {"why", step.why}, {"error", kept.error()}});
  }
  if (step.type.empty()) return;
  if (kept) parts_.log.info("rollout", {{"phase", step.phase}, {"stage", step.stage}, {"why", step.why}});
  if (kept || is_first) parts_.audit(step.type, step.why, kept);
}

// --- each second ---

void RolloutKeeper::look() {
  if (!is_running()) return;
  timer_->arm(kLookEvery);
  follow_leadership();
  if (is_over_) return rebase();
  if (state_->phase() == RolloutPhase::kCommitting) return commit();
  sight_.look(parts_.registry, state_->phase());
  if (sight_.refusal() && state_->phase() != RolloutPhase::kPaused) {
    sight_.say(*sight_.refusal());
    RolloutState next = *state_;
    next.roll_back(*sight_.refusal());
    return decide(kRollBack, std::move(next));
  }
  std::string why = doubt();
  bool is_cleared = std::exchange(doubted_, !why.empty()) && !doubted_;
  if (state_->phase() != RolloutPhase::kPending) return look_watching(why);
  if (doubted_) return sight_.say(std::move(why));
  if (is_cleared) sight_.begin_watch(parts_.scheduler.now());  // whoever is heard again has his time to take the change
  look_pending();
}

// Why what is seen is not all there is. Nothing is taken further then, and that evidence lacks means nothing.
std::string RolloutKeeper::doubt() const {
  std::string problem = parts_.store_problem ? parts_.store_problem() : std::string();
  if (!problem.empty()) return str_cat("waits, this control plane's ", problem);
  std::vector<std::string> silent;
  for (const ReplicaSight& replica : parts_.registry.replicas()) {
    if (!replica.is_heard) silent.push_back(replica.name);
  }
  if (silent.empty()) return "";
  return str_cat("waits, not heard: control plane ", join(silent, ", "), ": what its sidecars run is not known");
}

// Who begins to lead judges by what it sees from now on, as after a restart.
void RolloutKeeper::follow_leadership() {
  bool led = std::exchange(led_, parts_.leadership.leads());
  if (led || !led_) return;
  state_->watch_anew();
  phase_since_ = parts_.scheduler.now();
  sight_.begin(state_->cohort(), phase_since_);
}

void RolloutKeeper::look_pending() {
  const RolloutProgress& progress = sight_.progress();
  MonoTime now = parts_.scheduler.now();
  bool is_late = sight_.age(now) >= kTake;
  if (progress.members == 0) {
    if (!sight_.lowest() || sight_.cohort().share() == 0) return look_nobody(is_late);
    // A share of a small mesh may be nobody: then it is the sidecar that comes first in the order of places.
    RolloutState next = *state_;
    next.include_below(*sight_.lowest() + 1);
    return decide("", std::move(next));
  }
  if (progress.live < progress.members && (!is_late || progress.live == 0)) {
    return sight_.say(
        str_cat(std::to_string(progress.live), " of ", std::to_string(progress.members), " sidecars run the change"));
  }
  state_->watch();  // in the document both are one, so every control plane sees it for itself
  phase_since_ = now;
  sight_.begin_watch(now);
  sight_.look(parts_.registry, state_->phase());
}

// They may come yet; but that nobody has it proves nothing.
void RolloutKeeper::look_nobody(bool is_late) {
  std::string why = "no connected sidecar that the change concerns belongs to this stage";
  sight_.say(why);
  if (!is_late) return;
  RolloutState next = *state_;
  (void)next.pause(str_cat(why, "; heddle rollout promote, resume or abort"));
  decide("rollout-pause", std::move(next));
}

// Also while it is paused, for those who look; then nothing follows from it.
void RolloutKeeper::look_watching(const std::string& doubt) {
  RolloutJudgement judged = sight_.judge(state_->spec(), parts_.scheduler.now());
  if (state_->phase() == RolloutPhase::kPaused) return;
  if (!doubt.empty() && judged.verdict != RolloutVerdict::kRollBack) {
    return sight_.say(judged.why.empty() ? doubt : str_cat(doubt, "; of the others: ", judged.why));
  }
  RolloutState next = *state_;
  switch (judged.verdict) {
    case RolloutVerdict::kContinue:
      return;
    case RolloutVerdict::kRollBack:
      next.roll_back(std::move(judged.why));
      return decide(kRollBack, std::move(next));
    case RolloutVerdict::kStuck:
      (void)next.pause(std::move(judged.why));
      return decide("rollout-pause", std::move(next));
    case RolloutVerdict::kPromote:
      (void)next.promote(std::move(judged.why));
      return decide("rollout-promote", std::move(next));
  }
}

// --- the end ---

// One version for everybody. Those who have the change already hold just that content. The one place that commits. The
// store judges anew when another version comes between: then it may be over.
void RolloutKeeper::commit() {
  if (!parts_.leadership.leads() || std::exchange(is_committing_, true)) return;
  const std::string& why = state_->message();
  auto is_stale = [this, entered = entered_] { return entered != entered_ || is_over_; };
  commit_ = parts_.store.commit(
      {state_->changes(), state_->author(), why.empty() ? "staged rollout" : why},
      [this, is_stale](const View& after) -> Result<void> {
        if (is_stale()) return make_error(Reason::kConflict, "the rollout is over");
        return parts_.admit(after);
      },
      [this, entered = entered_](const Result<Commit>& done) {
        if (entered == entered_) on_committed(done);
      });
}

// That it is in the store, rebase() saw when the version was announced; or sees it now, when an earlier try that seemed
// to have failed had put it there. What may pass is tried again by look().
void RolloutKeeper::on_committed(const Result<Commit>& done) {
  is_committing_ = false;
  if (!is_running() || is_over_) return;
  if (done) return rebase();
  Reason why = done.error().reason;
  if (why == Reason::kIo || why == Reason::kUnavailable || why == Reason::kTimeout || why == Reason::kOverload) {
    state_->note(str_cat("the store does not take it yet: ", done.error().detail));
    return;
  }
  RolloutState next = *state_;
  next.roll_back(done.error().detail);
  decide(kRollBack, std::move(next));
}
}  // namespace heddle
