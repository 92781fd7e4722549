// Console: where a command reads and writes, and how it reports what went wrong. Data goes to `out`, everything else to
// `err`, so that pipes get only what was asked for. Handed down, never global.
#pragma once
#include <istream>
#include <ostream>

#include "cli/control_api.h"
#include "cli/table.h"

namespace heddle {
struct Console {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  UseColor color = UseColor::kNo;
  bool is_watched = false;  // `err` is a terminal: progress is shown (progress.h)

  // "error: ...", with the code that belongs to the reason.
  ExitCode fail(const Error&);
  // The same for a refusal of the control plane: its message, and every problem on a line of its own.
  ExitCode fail(const ApiReply&);
};
}  // namespace heddle
