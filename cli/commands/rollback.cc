#include "cli/commands/change_reply.h"
#include "lib/base/json_writer.h"
#include "lib/base/strings.h"

namespace heddle {
ExitCode run_rollback(const RollbackOptions& options, CommandContext& context) {
  ApiRequest request{.method = "POST", .path = "/v1/rollback", .deadline = context.timeout};
  request.query = change_query(options.said, options.dry_run);
  JsonWriter(request.body).begin_object().field("to", options.to.text()).end_object();
  Result<ApiReply> reply = context.api.call(request);

  if (!reply) return context.console.fail(reply.error());
  if (!reply->ok()) return context.console.fail(*reply);
  return tell_change(*reply, options.dry_run, options.wait, context);
}
}  // namespace heddle
