#include "cli/commands/commands.h"
#include "cli/resource_table.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr Duration kAnswerTime = 5s;  // for the answer itself, after the waiting
}

ExitCode run_wait(const WaitOptions& options, CommandContext& context) {
  ApiRequest request{.path = "/v1/wait", .deadline = context.timeout + kAnswerTime};
  request.query = str_cat("version=", options.version.text(), "&timeout=", format_duration(context.timeout));
  Result<ApiReply> reply = context.api.call(request);

  if (!reply) return context.console.fail(reply.error());
  if (!reply->ok()) return context.console.fail(*reply);
  std::string sidecars = scalar_at(reply->body, {"sidecars"});
  context.console.out << "version " << options.version.text() << " runs on " << printable(sidecars)
                      << (sidecars == "1" ? " sidecar\n" : " sidecars\n");
  return ExitCode::kOk;
}
}  // namespace heddle
