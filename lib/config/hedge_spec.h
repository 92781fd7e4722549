// HedgeSpec: when a second try is sent beside the first (`hedge` of a TrafficPolicy). A plain value, immutable once
// parsed.
#pragma once
#include "lib/base/clock.h"

namespace heddle {
struct HedgeSpec {
  Duration after{};         // a try has been under way for so long and no head of an answer came
  bool any_method = false;  // also what is not idempotent
  bool operator==(const HedgeSpec&) const = default;
};
}  // namespace heddle
