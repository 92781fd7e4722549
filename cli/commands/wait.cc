#include "cli/commands/change_reply.h"

namespace heddle {
ExitCode run_wait(const WaitOptions& options, CommandContext& context) {
  return wait_until_live(options.version.text(), context);
}
}  // namespace heddle
