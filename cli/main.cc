#include <unistd.h>

#include <csignal>
#include <iostream>

#include "certs/narrow_openssl.h"
#include "cli/program.h"

int main(int argc, char** argv) {
  using namespace heddle;
  // A peer that closes early is an error of that write, not of the process.
  std::signal(SIGPIPE, SIG_IGN);
  if (auto narrowed = narrow_openssl(); !narrowed) {
    std::cerr << "heddle: " << narrowed.error().detail << "\n";
    return static_cast<int>(ExitCode::kFailure);
  }
  std::vector<std::string> args(argv + 1, argv + argc);
  Console console{std::cin, std::cout, std::cerr};
  Environment environment = Environment::of_process();
  console.is_watched = ::isatty(STDERR_FILENO) == 1 && environment.term != "dumb";
  IsTerminal terminal = ::isatty(STDOUT_FILENO) == 1 ? IsTerminal::kYes : IsTerminal::kNo;
  return static_cast<int>(run_program(args, environment, terminal, console));
}
