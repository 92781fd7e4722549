// Manual pages made from the command table: roff with the macros of man(7). Pure text.
#pragma once
#include <string>

#include "cli/command_table.h"

namespace heddle {
// Of the whole, heddle(1), which lists all commands; else of one command.
std::string man_page(const CommandInfo& command, const CommandInfo& whole);
}  // namespace heddle
