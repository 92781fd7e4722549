#include "lib/base/backoff.h"

#include <algorithm>

namespace heddle {
Duration Backoff::next() {
  Duration step = std::min(step_, spec_.cap);
  // compared as doubles: a factor must not overflow the counter
  double grown = std::min(static_cast<double>(step.count()) * spec_.factor, static_cast<double>(spec_.cap.count()));
  step_ = Duration(static_cast<int64_t>(grown));
  return random_.jitter(step, spec_.jitter);
}
}  // namespace heddle
