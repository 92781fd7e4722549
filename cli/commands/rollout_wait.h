// RolloutWait: looks at a rollout until it is over: promoted, aborted or rolled back, or paused, since then it waits
// for somebody. It ends nothing: who interrupts it leaves the rollout as it is. A control plane that restarts meanwhile
// is asked again, for at most `timeout`.
#pragma once
#include "cli/commands/commands.h"
#include "cli/progress.h"

namespace heddle {
class RolloutWait {
 public:
  static constexpr Duration kLookEvery = 1s;
  RolloutWait(CommandContext& context, OutputFormat output)
      : context_(context), output_(output), progress_(context.console) {}
  // From the answer that began it, or showed it. kOk: promoted, or there is none; kFailure: rolled back, aborted, or
  // another one took its place; kNotLive: paused.
  ExitCode run(ApiReply now);

 private:
  std::optional<ExitCode> on_failure(const Result<ApiReply>&);
  std::optional<ExitCode> judge(const ApiReply&);
  void tell(const JsonValue& rollout);
  ExitCode end(const ApiReply&, ExitCode);

  CommandContext& context_;
  OutputFormat output_;
  Progress progress_;
  std::string which_;       // by who and when it was begun
  bool has_begun_ = false;  // it was said that it waits
  std::string said_;
  std::optional<MonoTime> silent_since_;
};
}  // namespace heddle
