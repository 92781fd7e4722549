// JournalHealth: how old what a store shows may be.
#pragma once
#include <string>

#include "lib/base/clock.h"

namespace heddle {
struct JournalHealth {
  bool is_current = true;
  WallTime since;       // when it was last known to be current
  std::string problem;  // empty when it is
};
}  // namespace heddle
