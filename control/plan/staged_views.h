// StagedViews: what sidecars in the cohort of a rollout get instead of the newest version: an overlay
// (docs/rollouts.md, ADR 0022). Asked by the watch hub for each sidecar; control loop.
#pragma once
#include "control/registry/node_registry.h"
#include "control/store/view.h"

namespace heddle {
class StagedViews {
 public:
  virtual ~StagedViews() = default;
  // nullptr: the newest version. Else a view with the newest version's number and other content; of one number there
  // is one content, until WatchHub::on_staged_changed(). Valid until the loop's next turn.
  virtual const View* view_for(const NodeKey&) const = 0;
  // What anybody in the cohort gets; nullptr: nothing is staged. To see whom it would concern.
  virtual const View* staged() const = 0;
};
}  // namespace heddle
