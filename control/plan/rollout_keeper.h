// RolloutKeeper: runs the one staged rollout of the mesh. It keeps the overlay on every new version, looks each second
// at what sidecars report, and takes the steps that RolloutState and judge() allow; what it decides is on disk before
// it counts, so that it goes on after a restart. Control loop. The watch hub asks it who gets what (StagedViews); it
// must be told of a version before the hub is: made before the hub. Limits: one rollout at a time,
// RolloutState::kMaxBytes.
#pragma once
#include <functional>
#include <optional>

#include "control/plan/rollout_samples.h"
#include "control/plan/rollout_state.h"
#include "control/plan/staged_views.h"
#include "lib/base/log.h"

namespace heddle {
enum class RolloutStep : uint8_t { kPause, kResume, kPromote, kAbort };
std::optional<RolloutStep> rollout_step(std::string_view word) noexcept;

// What is known of the sidecars of a stage. Those to whom the change makes no difference are no evidence: not counted.
struct RolloutProgress {
  size_t members = 0;    // connected ones with the change, or to get it
  size_t live = 0;       // of those, who run it
  size_t reporting = 0;  // of those, who report traffic
  size_t others = 0;     // connected ones without it
  RolloutEvidence seen;
  RolloutJudgement judgement;
};

class RolloutKeeper final : public StagedViews {
 public:
  static constexpr Duration kLookEvery = 1s;
  static constexpr Duration kTake =
      60s;  // for the sidecars of a stage to take the change; then it is watched without the rest
  struct Parts {
    Store& store;
    const NodeRegistry& registry;
    Scheduler& scheduler;
    std::function<Result<void>(const View& after)> admit;  // the rules of the whole
    std::function<Result<void>(const std::string&)> save;  // durable when it returns
    std::function<void()> on_changed;                      // who gets what has changed
    // What it does by itself, for the audit log: "rollout-promote", why.
    std::function<void(std::string_view type, std::string_view why, const Result<void>&)> audit;
    Logger log{};
  };
  explicit RolloutKeeper(Parts parts);

  // Once, before the hub serves anybody: what save() was given last.
  Result<void> restore(std::string_view saved);
  // Author and message go to the version; what is expected was judged before. kConflict: one is running; kBadRequest:
  // nothing of it may be staged; else as Store::preview.
  Result<void> start(RolloutSpec, const CommitRequest&);
  Result<void> step(RolloutStep, std::string by);
  // kConflict when `after` differs from the newest version in something that the running rollout changes.
  Result<void> admit(const View& after) const;

  bool has(const NodeKey& key) const override { return cohort_.contains(key); }
  const View* staged() const override { return view_ ? &*view_ : nullptr; }
  const std::optional<RolloutState>& state() const noexcept { return state_; }
  const RolloutProgress& progress() const noexcept { return progress_; }

 private:
  bool is_running() const { return state_ && state_->is_running(); }
  Result<Commit> stage_changes(const Transaction&) const;
  Result<void> keep(RolloutState next);
  void keep_own(std::string_view type, RolloutState next);
  void enter();
  void rebase();
  void look();
  void look_at_sidecars();
  void widen(BasisPoints lowest);
  void look_pending();
  void look_nobody(bool is_late);
  void look_watching();
  void commit();
  void on_committed(const Result<Commit>&);

  Parts parts_;
  std::optional<RolloutState> state_;
  Cohort cohort_;             // of the state
  std::optional<View> view_;  // the newest version with the change
  RolloutSamples samples_;
  RolloutProgress progress_;
  std::optional<BasisPoints> lowest_;   // place of a connected sidecar
  std::optional<std::string> refusal_;  // of a sidecar with the change
  bool is_committing_ = false;
  Pending commit_;
  MonoTime stage_since_;  // of pending or watching
  std::unique_ptr<Timer> timer_;
  StoreSubscription commits_;
};
}  // namespace heddle
