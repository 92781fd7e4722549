// StepRetry: when a step that failed is tried again: after a second, then after twice as long each time, up to five
// minutes, so that a disk that is full for a night fills no log. Another step, or the same one of another phase, is
// tried at once. Waiting for sidecars is no failure. Pure: time is a parameter; owned by CaKeeper.
#pragma once
#include <optional>

#include "control/ca/ca_state.h"

namespace heddle {
class StepRetry {
 public:
  static constexpr Duration kFirst = 1s;
  static constexpr Duration kCap = 5min;
  bool may_try(RotationStep, const CaState&, MonoTime now) const;
  void on_failed(RotationStep, const CaState&, MonoTime now);
  // The next try is due now: something was done about it, or by it.
  void reset() noexcept { failed_.reset(); }

 private:
  struct Failed {
    RotationStep step;
    WallTime phase_since;
    Duration wait;
    MonoTime again;
  };
  bool is_same(RotationStep, const CaState&) const;
  std::optional<Failed> failed_;
};
}  // namespace heddle
