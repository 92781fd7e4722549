#include "cli/commands/commands.h"
#include "cli/document_text.h"
#include "cli/federation_text.h"

namespace heddle {
ExitCode run_federation_status(const FederationStatusOptions& options, CommandContext& context) {
  Result<ApiReply> reply = context.api.call({.path = "/v1/federation", .deadline = context.timeout});
  if (!reply) return context.console.fail(reply.error());
  if (!reply->ok()) return context.console.fail(*reply);
  bool json = options.output == OutputFormat::kJson;
  context.console.out << (json ? to_pretty_json(reply->body)
                               : federation_text(reply->body, context.clock.wall(), context.console.color));
  return ExitCode::kOk;
}
}  // namespace heddle
