// Completion scripts made from the command table. Pure text.
#pragma once
#include <string>

#include "cli/command_table.h"
#include "cli/options.h"

namespace heddle {
std::string completion_script(const CommandInfo& whole, Shell);
}  // namespace heddle
