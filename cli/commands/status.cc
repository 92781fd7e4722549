#include "cli/status_text.h"

#include "cli/commands/commands.h"
#include "cli/document_text.h"

namespace heddle {
ExitCode run_status(const StatusOptions& options, CommandContext& context) {
  Result<ApiReply> reply = context.api.call({.path = "/v1/status", .deadline = context.timeout});
  if (!reply) return context.console.fail(reply.error());
  if (!reply->ok()) return context.console.fail(*reply);
  bool json = options.output == OutputFormat::kJson;
  context.console.out << (json ? to_pretty_json(reply->body)
                               : status_text(reply->body, context.clock.wall(), context.console.color));
  return ExitCode::kOk;
}
}  // namespace heddle
