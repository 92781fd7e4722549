// What `heddle` tells its caller. Scripts depend on these numbers: docs/cli.md lists them, nobody renumbers them.
// Pure.
#pragma once
#include <cstdint>

#include "lib/base/error.h"

namespace heddle {
enum class ExitCode : uint8_t {
  kOk = 0,
  // Refused (for explain: the request would be), not found, invalid files, a wait that timed out, a check that failed,
  // no usable context file; for plan and diff: something would change.
  kFailure = 1,
  kUsage = 2,        // the command line is wrong; nothing was done
  kUnreachable = 3,  // no answer from the control plane, or it cannot answer now: trying again may help
  kConflict = 4,     // the resource or the mesh changed meanwhile, or something still refers to it
  kRefused = 5,      // of plan and diff, whose 1 says that something would change: refused, bad files or context
  kNotLive = 6,      // the change is made, but a sidecar refused it, time ran out or its rollout is paused (--wait)
};

// Of a reason, whether it arose here or came from the control plane.
ExitCode exit_code_of(Reason) noexcept;
// The same of plan and diff: 1 says that something would change, as of `kubectl diff`, so what failed has another code.
ExitCode failed_beside_changes(ExitCode) noexcept;
// The reason with that name, as answers of the control plane carry it; kInternal when there is none.
Reason reason_by_name(std::string_view name) noexcept;
}  // namespace heddle
