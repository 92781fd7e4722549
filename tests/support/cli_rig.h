// CliRig: a command as the shell runs it: words in, exit code and both streams out, against a ScriptedControl and a
// clock that stands at 2026-01-01T00:00:00Z (a pause takes no real time, and moves the monotonic one). Files are
// written to a directory of its own.
#pragma once
#include <functional>
#include <sstream>

#include "cli/commands/commands.h"
#include "lib/base/file.h"
#include "tests/support/scripted_control.h"
#include "tests/support/test_ca.h"

namespace heddle {
class CliRig {
 public:
  CliRig();
  ~CliRig();
  CliRig(const CliRig&) = delete;
  CliRig& operator=(const CliRig&) = delete;

  // `words` are cut at spaces.
  ExitCode run(std::string_view words);
  // Writes a file and answers its path.
  std::string file(std::string_view name, std::string_view text);
  // The same with the directory's name taken out of everything that was printed.
  std::string out() const { return without_directory(out_.str()); }
  std::string err() const { return without_directory(err_.str()); }

  ScriptedControl control;
  // Whom --live asks; empty: nobody.
  std::function<Result<ApiReply>(const LiveOptions&, const ApiRequest&)> sidecar;
  std::string input;  // of standard input
  UseColor color = UseColor::kNo;
  bool is_watched = false;  // standard error is a terminal
  Duration paused() const { return clock_.paused; }

 private:
  struct StandingClock final : Clock {
    MonoTime now() const override { return MonoTime(paused); }
    WallTime wall() const override { return kTestNow; }
    Duration paused{};
  };
  std::string without_directory(std::string text) const;
  StandingClock clock_;
  std::string directory_;
  std::ostringstream out_;
  std::ostringstream err_;
};
}  // namespace heddle
