// Cohort: which sidecars have the change in a stage. By a stable hash of identity and node name (not of the process: a
// sidecar that restarts stays where it was), the same in every rollout and on every machine. Monotone: who is in at 1 %
// is in at 10 %, and a stage by labels adds to those before it. Pure.
#pragma once
#include "control/plan/rollout_spec.h"
#include "control/registry/node_registry.h"

namespace heddle {
class Cohort {
 public:
  // Its place among kFullShare: the first 8 bytes of SHA-256("<identity>\n<node>"), big-endian, modulo kFullShare.
  static BasisPoints place(const NodeKey&);

  Cohort() = default;  // nobody
  // Of the stages up to and with `stage`. `floor`: places below it are in whatever the shares say, so that a small
  // share of a small mesh is somebody.
  Cohort(const RolloutSpec& spec, size_t stage, BasisPoints floor);
  bool contains(const NodeKey&) const;
  BasisPoints share() const noexcept { return share_; }

 private:
  BasisPoints share_ = 0;
  std::vector<RolloutStage> by_labels_;
};
}  // namespace heddle
