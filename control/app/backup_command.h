// `heddle-control backup` and `heddle-control restore`: what this program does instead of running. Blocking; main()
// asks before it starts anything.
#pragma once
#include <optional>

namespace heddle {
// Nothing when the first argument is neither; else the exit code: 0, 1 (it failed, and why is on stderr), 2 (usage).
std::optional<int> run_backup_command(int argc, const char* const* argv);
}  // namespace heddle
