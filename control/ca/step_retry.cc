#include "control/ca/step_retry.h"

#include <algorithm>

namespace heddle {
bool StepRetry::is_same(RotationStep step, const CaState& state) const {
  return failed_ && failed_->step == step && failed_->phase_since == state.since;
}

bool StepRetry::may_try(RotationStep step, const CaState& state, MonoTime now) const {
  return !is_same(step, state) || now >= failed_->again;
}

void StepRetry::on_failed(RotationStep step, const CaState& state, MonoTime now) {
  Duration wait = is_same(step, state) ? std::min(2 * failed_->wait, kCap) : kFirst;
  failed_ = Failed{step, state.since, wait, now + wait};
}
}  // namespace heddle
