#include "cli/commands/change_body.h"
#include "cli/commands/change_reply.h"

namespace heddle {
ExitCode run_apply(const ApplyOptions& options, CommandContext& context) {
  Result<ChangeBody> body = read_change_body(options.files, context);
  if (!body) return context.console.fail(body.error());

  if (options.rollout) return start_rollout(options, body->json, context);
  Result<std::optional<Version>> expected = expected_of(options.said.expected, *body);
  if (!expected) return context.console.fail(expected.error());
  ApiRequest request{.method = "POST", .path = "/v1/apply", .deadline = context.timeout};
  request.query = change_query({options.said.message, *expected}, options.dry_run);
  request.body = std::move(body->json);
  Result<ApiReply> reply = context.api.call(request);

  if (!reply) return context.console.fail(reply.error());
  if (!reply->ok()) return context.console.fail(*reply);
  return tell_change(*reply, options.dry_run, options.wait, context);
}
}  // namespace heddle
