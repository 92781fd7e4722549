// Leadership: which of several control planes does by itself what only one may do: steps of the CA's rotation that are
// due, and the looks and steps of a rollout. What people ask for is done by whichever is asked: every write depends on
// what it was judged by (Ledger), so a leader that was deposed and does not know it cannot undo the work of the next.
// Control loop.
#pragma once
#include "lib/base/unique_function.h"

namespace heddle {
class Leadership {
 public:
  virtual ~Leadership() = default;
  virtual bool leads() const = 0;
  // Each time leads() may have changed; from the loop, never inside a call. One caller.
  virtual void set_on_change(Task on_change) = 0;
};

// The only control plane there is.
class SoleLeader final : public Leadership {
 public:
  bool leads() const override { return true; }
  void set_on_change(Task) override {}
};
}  // namespace heddle
