// What apply, delete and rollback share: what is said beside a change, and what is told of its answer.
#pragma once
#include "cli/commands/commands.h"

namespace heddle {
// "dryRun=true&expect=1.42&message=why", as much of it as is said.
std::string change_query(const ChangeSaid&, DryRun);

// `warnings` of an answer, each on a line of standard error.
void print_warnings(const JsonValue& reply, Console&);

// Prints warnings, what became of each resource and the version; then waits, if that is asked for: kNotLive when the
// version does not run everywhere in time.
ExitCode tell_change(const ApiReply&, DryRun, WaitLive, CommandContext&);

// Waits until `version` runs everywhere, at most context.timeout; says so, or names who lags and why.
ExitCode wait_until_live(const std::string& version, CommandContext&);
}  // namespace heddle
