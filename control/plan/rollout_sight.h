// RolloutSight: what is known of the sidecars in a stage of a rollout, from the registry's rows, which are those of the
// whole mesh. Every control plane looks for itself, so that each can show it; only what the one that leads sees has
// consequences. In memory: after a restart, or a change of who leads, a stage is watched anew. Control loop.
#pragma once
#include "control/plan/cohort.h"
#include "control/plan/rollout_samples.h"
#include "control/plan/rollout_state.h"

namespace heddle {
// Those to whom the change makes no difference are no evidence: not counted.
struct RolloutProgress {
  size_t members = 0;    // connected ones with the change, or to get it
  size_t live = 0;       // of those, who run it
  size_t reporting = 0;  // of those, who report traffic
  size_t others = 0;     // connected ones without it
  RolloutEvidence seen;
  RolloutJudgement judgement;
};

class RolloutSight {
 public:
  // A stage, of which nothing was seen yet.
  void begin(const Cohort&, MonoTime now);
  // The same stage, from now on: everybody who takes the change has it.
  void begin_watch(MonoTime now);
  void look(const NodeRegistry&, RolloutPhase);
  const RolloutJudgement& judge(const RolloutSpec&, MonoTime now);
  void say(std::string why) { progress_.judgement.why = std::move(why); }

  const Cohort& cohort() const noexcept { return cohort_; }
  Duration age(MonoTime now) const { return now - since_; }  // of the stage, or of its watch
  const RolloutProgress& progress() const noexcept { return progress_; }
  // While it is not watched: the place of the connected sidecar that comes first.
  const std::optional<BasisPoints>& lowest() const noexcept { return lowest_; }
  // Of a sidecar with the change: a sentence.
  const std::optional<std::string>& refusal() const noexcept { return refusal_; }

 private:
  Cohort cohort_;
  MonoTime since_{};
  RolloutSamples samples_;
  RolloutProgress progress_;
  std::optional<BasisPoints> lowest_;
  std::optional<std::string> refusal_;
};
}  // namespace heddle
