// CaOutlook: what happens to the CA by itself, and what keeps it from happening: for operators. A value.
#pragma once
#include "control/ca/rotation_schedule.h"

namespace heddle {
struct CaOutlook {
  bool is_given = false;                      // by files: the root is somebody else's
  std::optional<RotationSchedule::Due> next;  // nothing: no step is planned
  RotationSchedule::Alarm alarm = RotationSchedule::Alarm::kNone;
  size_t waits_for = 0;  // sidecars that keep the step, which is due, from being taken
  std::string problem;   // why it was not taken, or what is wrong with the files; empty: nothing
  bool are_files_refused = false;
};
}  // namespace heddle
