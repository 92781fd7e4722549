#include "cli/plan_text.h"

#include "cli/commands/commands.h"
#include "cli/document_text.h"
#include "cli/sources.h"

namespace heddle {
ExitCode run_plan(const PlanOptions& options, CommandContext& context) {
  LoadedResources loaded = load_sources(options.files, context.console.in);
  if (!loaded.ok())
    return failed_beside_changes(context.console.fail(make_error(Reason::kConfigInvalid, loaded.text())));

  ApiRequest request{.method = "POST", .path = "/v1/plan", .deadline = context.timeout};
  if (options.replay == Replay::kNo) request.query = "replay=false";
  request.body = list_body(loaded.resources);
  Result<ApiReply> reply = context.api.call(request);

  if (!reply) return failed_beside_changes(context.console.fail(reply.error()));
  if (!reply->ok()) return failed_beside_changes(context.console.fail(*reply));
  bool json = options.output == OutputFormat::kJson;
  context.console.out << (json ? to_pretty_json(reply->body) : plan_text(reply->body));
  return would_change(reply->body) ? ExitCode::kFailure : ExitCode::kOk;
}
}  // namespace heddle
