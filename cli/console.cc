#include "cli/console.h"

#include "lib/base/strings.h"

namespace heddle {
namespace {
std::string_view hint_of(Reason reason) {
  if (reason == Reason::kUnauthenticated) return "the control plane does not accept the token of this context file";
  return info(reason).hint;
}

// Lines stay lines; everything else that could drive a terminal goes.
void write_lines(std::ostream& to, std::string_view text) {
  std::string_view separator;
  for (std::string_view line : split(text, '\n')) {
    to << separator << printable(line);
    separator = "\n";
  }
  to << "\n";
}
}  // namespace

ExitCode Console::fail(const Error& error) {
  err << "error: ";
  write_lines(err, error.detail.empty() ? std::string(info(error.reason).name) : error.detail);
  return exit_code_of(error.reason);
}

ExitCode Console::fail(const ApiReply& reply) {
  Reason reason = reply.reason();
  std::vector<std::string> problems = reply.problems();
  err << "error: " << info(reason).name << ": ";
  if (problems.empty()) {
    write_lines(err, reply.message());
    if (!hint_of(reason).empty()) err << "  " << hint_of(reason) << "\n";
    return exit_code_of(reason);
  }
  err << "the control plane refused this (" << problems.size() << (problems.size() == 1 ? " problem" : " problems")
      << ")\n";
  std::vector<std::string> hints = reply.hints();
  for (size_t i = 0; i < problems.size(); ++i) {
    err << "  " << printable(problems[i]) << "\n";
    if (!hints[i].empty()) err << "    hint: " << printable(hints[i]) << "\n";
  }
  return exit_code_of(reason);
}
}  // namespace heddle
