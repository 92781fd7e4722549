// StagedViews: what sidecars in the cohort of a rollout get instead of the newest version: an overlay
// (docs/rollouts.md, ADR 0022). Asked by the watch hub for each sidecar; control loop.
#pragma once
#include "control/registry/node_registry.h"
#include "control/store/view.h"

namespace heddle {
class StagedViews {
 public:
  virtual ~StagedViews() = default;
  // What the cohort gets: a view with the newest version's number and other content, of one number one content until
  // WatchHub::on_staged_changed(). nullptr: nothing is staged. Valid until the loop's next turn; a copy is cheap.
  virtual const View* staged() const = 0;
  // Whether this sidecar gets it, while something is staged.
  virtual bool has(const NodeKey&) const = 0;
};
}  // namespace heddle
