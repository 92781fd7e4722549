// RolloutKeeper: runs the one staged rollout of the mesh. It keeps the overlay on every new version, looks each second
// at what sidecars report, and takes the steps that RolloutState and judge() allow. What is decided counts when it is
// durable, not before: so it goes on after a restart, and where several control planes share the document
// (docs/adr/0025-replicas.md) each of them serves the same overlay. Steps that nobody asked for are taken by the one
// that leads, and only while every control plane is heard and its own store is current, but for a rollback, which what
// is known must justify; what people ask for is done by whichever is asked. Control loop. The watch hub asks it who
// gets what (StagedViews); it must be told of a version before the hub is: made before the hub. Limits: one rollout at
// a time, RolloutState::kMaxBytes, RolloutRecord::kMaxWaiting.
#pragma once
#include "control/plan/rollout_record.h"
#include "control/plan/rollout_sight.h"
#include "control/plan/staged_views.h"
#include "control/store/leadership.h"
#include "lib/base/log.h"

namespace heddle {
enum class RolloutStep : uint8_t { kPause, kResume, kPromote, kAbort };
std::optional<RolloutStep> rollout_step(std::string_view word) noexcept;

class RolloutKeeper final : public StagedViews {
 public:
  static constexpr Duration kLookEvery = 1s;
  static constexpr Duration kTake =
      60s;  // for the sidecars of a stage to take the change; then it is watched without the rest
  static constexpr Duration kTellEvery = 60s;  // in the log, that a step cannot be kept; it is tried at each look
  struct Parts {
    Store& store;
    const NodeRegistry& registry;
    Scheduler& scheduler;
    const Leadership& leadership;
    std::function<Result<void>(const View& after)> admit;  // the rules of the whole
    RolloutRecord::Save save;
    std::function<void()> on_changed;  // who gets what has changed
    // What it does by itself, for the audit log: "rollout-promote", why. What cannot be kept is told once.
    std::function<void(std::string_view type, std::string_view why, const Result<void>&)> audit;
    Logger log{};
    // Why the store may be old; empty: it is current.
    std::function<std::string()> store_problem{};
  };
  explicit RolloutKeeper(Parts parts);

  // Once, before the hub serves anybody: what save() was given last.
  Result<void> restore(std::string_view saved);
  // Another control plane wrote the document, or has erased it (empty).
  void on_saved_elsewhere(std::string_view saved);
  // Author and message go to the version; what is expected was judged before. kConflict: one is running, or another
  // control plane was faster; kBadRequest: nothing of it may be staged; kUnavailable: whether it counts is not known;
  // kOverload; else as Store::preview. Both may call `done` inside; destroying this keeps it silent.
  void start(RolloutSpec, CommitRequest, Ledger::Done done);
  void step(RolloutStep, std::string_view by, Ledger::Done done);
  // kConflict when `after` differs from the newest version in something that the running rollout changes.
  Result<void> admit(const View& after) const;

  bool has(const NodeKey& key) const override { return sight_.cohort().contains(key); }
  const View* staged() const override { return view_ ? &*view_ : nullptr; }
  const std::optional<RolloutState>& state() const noexcept { return state_; }
  const RolloutProgress& progress() const noexcept { return sight_.progress(); }
  bool is_running() const { return state_ && state_->is_running(); }

  bool is_judge() const { return parts_.leadership.leads(); }  // else it only looks, for those who ask
  Duration in_phase() const { return parts_.scheduler.now() - phase_since_; }
  uint64_t failed_writes() const noexcept { return record_.failures(); }
  bool is_failing() const noexcept { return failing_.has_value(); }  // a step of its own could not be kept yet

 private:
  using Versions = std::vector<Version>;  // Version{}: it is not there
  Result<RolloutState> begun(RolloutSpec, const CommitRequest&);
  Result<Commit> stage_changes(const Transaction&) const;
  Versions versions_of(const Transaction&) const;
  const ResourceKey* changed_beside();
  void adopt(RolloutState);
  void forget();
  void enter();
  void rebase();

  // rollout_look.cc
  struct OwnStep {
    std::string type;  // of the audit line; empty: none
    std::string_view phase;
    std::string stage;
    std::string why;
  };
  void decide(std::string_view type, RolloutState next);
  void on_decided(const OwnStep&, const Result<void>& kept);
  void look();
  void follow_leadership();
  std::string doubt() const;
  void look_pending();
  void look_nobody(bool is_late);
  void look_watching(const std::string& doubt);
  void commit();
  void on_committed(const Result<Commit>&);

  Parts parts_;
  std::optional<RolloutState> state_;
  std::optional<View> view_;  // the newest version with the change
  Versions base_;             // of what it changes, when it began
  RolloutSight sight_;
  bool is_over_ = false;  // by what rebase() found; it is to be kept yet
  bool led_;              // at the last look
  bool doubted_ = false;  // the same
  struct Failing {
    MonoTime told;
  };
  std::optional<Failing> failing_;
  uint64_t entered_ = 0;  // how often: a commit's answer belongs to one
  bool is_committing_ = false;
  Pending commit_;
  MonoTime phase_since_;
  std::unique_ptr<Timer> timer_;
  StoreSubscription commits_;
  RolloutRecord record_;
};
}  // namespace heddle
