// RolloutState: one staged rollout as a value: what is rolled out, how far it is, and the steps that are allowed now.
//
//   pending -> watching -> pending (the next stage) -> ... -> committing -> promoted
//   pending, watching -> paused -> pending (resume), committing or pending (promote)
//   pending, watching, paused -> aborted;  any of these and committing -> rolled-back
//
// pending: sidecars of the stage are being told; watching: all of them run the change; committing: everybody gets it.
// Kept as JSON, so that it goes on after a restart: a stage that was watched is pending again. Pure: no clock, no
// store.
#pragma once
#include "control/plan/cohort.h"
#include "control/store/store.h"

namespace heddle {
enum class RolloutPhase : uint8_t { kPending, kWatching, kPaused, kCommitting, kPromoted, kAborted, kRolledBack };
std::string_view to_text(RolloutPhase) noexcept;

class RolloutState {
 public:
  static constexpr size_t kMaxBytes = 1 << 20;  // of its JSON: what every store keeps in one value
  struct What {
    RolloutSpec spec;
    Transaction changes;    // puts; `expected`: what each was when it began, nothing: not known (older documents)
    std::string author{};   // name of the token
    std::string message{};  // why; of the version
    WallTime started;       // also metadata.creationTimestamp of what is new
  };
  explicit RolloutState(What what);

  const RolloutSpec& spec() const noexcept { return what_.spec; }
  const Transaction& changes() const noexcept { return what_.changes; }
  // Of each change its resourceVersion when it began, as PutOperation::expected. The changes themselves expect nothing.
  const std::vector<std::optional<Version>>& base() const noexcept { return base_; }
  const std::string& author() const noexcept { return what_.author; }
  const std::string& message() const noexcept { return what_.message; }
  WallTime started() const noexcept { return what_.started; }
  RolloutPhase phase() const noexcept { return phase_; }
  size_t stage() const noexcept { return stage_; }
  const std::string& reason() const noexcept { return reason_; }               // of the phase, for people; may be empty
  const std::optional<Version>& version() const noexcept { return version_; }  // of a promoted one
  // Whether sidecars of the cohort have the change now: not yet over.
  bool is_running() const noexcept { return phase_ <= RolloutPhase::kCommitting; }
  bool touches(const ResourceKey&) const;
  // Whether both are states of one rollout, also when one of them was read from JSON.
  bool is_same_rollout(const RolloutState&) const;
  Cohort cohort() const { return Cohort(what_.spec, stage_, floor_); }

  // Steps; kConflict when the phase does not allow them, with what does.
  Result<void> pause(std::string why);
  Result<void> resume();
  Result<void> promote(std::string why);  // the next stage; before the last one: kCommitting
  Result<void> abort(std::string why);

  // Transitions that are nobody's wish.
  void watch();
  void watch_anew();  // pending, as after a restart
  void include_below(BasisPoints floor) { floor_ = std::max(floor_, floor); }
  void roll_back(std::string why);
  void finish(Version);
  void note(std::string why) { reason_ = std::move(why); }

  std::string json() const;
  static Result<RolloutState> parse(std::string_view json);

 private:
  Result<void> allow(std::string_view step, std::initializer_list<RolloutPhase>) const;
  void enter(RolloutPhase, std::string why);
  What what_;
  std::vector<std::optional<Version>> base_;
  RolloutPhase phase_ = RolloutPhase::kPending;
  size_t stage_ = 0;
  BasisPoints floor_ = 0;
  std::string reason_;
  std::optional<Version> version_;
};
}  // namespace heddle
