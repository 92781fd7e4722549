#include "cli/commands/change_reply.h"
#include "cli/sources.h"

namespace heddle {
ExitCode run_apply(const ApplyOptions& options, CommandContext& context) {
  LoadedResources loaded = load_sources(options.files, context.console.in);
  if (!loaded.ok()) return context.console.fail(make_error(Reason::kConfigInvalid, loaded.text()));

  if (options.rollout) return start_rollout(options, list_body(loaded.resources), context);
  ApiRequest request{.method = "POST", .path = "/v1/apply", .deadline = context.timeout};
  request.query = change_query(options.said, options.dry_run);
  request.body = list_body(loaded.resources);
  Result<ApiReply> reply = context.api.call(request);

  if (!reply) return context.console.fail(reply.error());
  if (!reply->ok()) return context.console.fail(*reply);
  return tell_change(*reply, options.dry_run, options.wait, context);
}
}  // namespace heddle
