// The options of the commands about changes, checked: private to cli/options.cc. Pure.
#pragma once
#include "cli/command_line.h"

namespace heddle::detail {
Result<ChangeSaid> parse_said(const Words&);
// `files` were checked.
Result<DiffOptions> parse_diff(const Words&, FileOptions files);
// `ns` was checked.
Result<HistoryOptions> parse_history(const Words&, const std::string& ns);
Result<ShowOptions> parse_show(const Words&, const std::string& ns);
Result<RollbackOptions> parse_rollback(const Words&);
}  // namespace heddle::detail
