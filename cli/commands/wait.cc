#include <algorithm>

#include "cli/commands/commands.h"
#include "cli/progress.h"
#include "cli/resource_table.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr Duration kAnswerTime = 5s;  // for the answer itself, after the waiting
constexpr Duration kGlance = 1s;      // how often who watches is told whom it waits for

Result<ApiReply> ask(const WaitOptions& options, Duration how_long, CommandContext& context) {
  ApiRequest request{.path = "/v1/wait", .deadline = how_long + kAnswerTime};
  request.query = str_cat("version=", options.version.text(), "&timeout=", format_duration(how_long));
  return context.api.call(request);
}

// The same in pieces, each of which may name those that lag.
Result<ApiReply> ask_watched(const WaitOptions& options, CommandContext& context) {
  Progress progress(context.console);
  MonoTime ends = context.clock.now() + context.timeout;
  while (true) {
    Duration left = std::max<Duration>(1ms, ends - context.clock.now());
    Result<ApiReply> reply = ask(options, std::min(left, kGlance), context);
    bool is_late = reply && !reply->ok() && reply->reason() == Reason::kTimeout;
    if (!is_late || left <= kGlance) return reply;
    progress.show(str_cat("waiting: ", reply->message()));
  }
}
}  // namespace

ExitCode run_wait(const WaitOptions& options, CommandContext& context) {
  bool is_watched = context.console.is_watched;
  Result<ApiReply> reply = is_watched ? ask_watched(options, context) : ask(options, context.timeout, context);

  if (!reply) return context.console.fail(reply.error());
  if (!reply->ok()) return context.console.fail(*reply);
  std::string sidecars = scalar_at(reply->body, {"sidecars"});
  context.console.out << "version " << options.version.text() << " runs on " << printable(sidecars)
                      << (sidecars == "1" ? " sidecar\n" : " sidecars\n");
  return ExitCode::kOk;
}
}  // namespace heddle
