// The program behind main(): command line, environment and streams in, exit code out. The composition root of
// `heddle`; tests run it in their own process against a real server.
#pragma once
#include <string>
#include <vector>

#include "cli/console.h"
#include "cli/options.h"

namespace heddle {
enum class IsTerminal : uint8_t { kNo, kYes };

ExitCode run_program(const std::vector<std::string>& args, const Environment&, IsTerminal out_is_terminal, Console&);

// --color beats NO_COLOR (any non-empty value) and TERM=dumb; auto is for terminals only.
UseColor choose_color(ColorMode, const Environment&, IsTerminal);
}  // namespace heddle
