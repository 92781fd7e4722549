// How long a watch stream lives: then its sidecar is asked to come anew, to the next of its addresses, so that replicas
// that were added get their share. Not all at once: those that came together leave over a third of the time.
#pragma once
#include "lib/base/random.h"

namespace heddle {
inline constexpr Duration kLongestStream = 30min;

// Uniform in longest * [2/3, 1].
inline Duration draw_stream_age(Random& random, Duration longest = kLongestStream) {
  return random.jitter(longest * 5 / 6, 0.2);
}
}  // namespace heddle
