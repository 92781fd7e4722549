#include "cli/exit_code.h"

namespace heddle {
ExitCode exit_code_of(Reason reason) noexcept {
  switch (reason) {
    case Reason::kNone:
      return ExitCode::kOk;
    case Reason::kConflict:
      return ExitCode::kConflict;
    case Reason::kUnavailable:
    case Reason::kDraining:
    case Reason::kOverload:
    case Reason::kRateLimited:
      return ExitCode::kUnreachable;
    default:
      return ExitCode::kFailure;
  }
}

ExitCode failed_beside_changes(ExitCode code) noexcept {
  return code == ExitCode::kFailure ? ExitCode::kRefused : code;
}

Reason reason_by_name(std::string_view name) noexcept {
  for (uint16_t i = 0; i < static_cast<uint16_t>(Reason::kCount); ++i) {
    if (info(static_cast<Reason>(i)).name == name) return static_cast<Reason>(i);
  }
  return Reason::kInternal;
}
}  // namespace heddle
