#include "cli/commands/commands.h"
#include "cli/resource_table.h"
#include "lib/base/json_writer.h"
#include "lib/base/strings.h"

namespace heddle {
ExitCode run_token_create(const TokenCreateOptions& options, CommandContext& context) {
  ApiRequest request{.method = "POST", .path = "/v1/tokens", .deadline = context.timeout};
  JsonWriter writer(request.body);
  writer.begin_object().field("id", options.id).field("ttl", format_duration(options.ttl)).end_object();
  Result<ApiReply> reply = context.api.call(request);

  if (!reply) return context.console.fail(reply.error());
  if (!reply->ok()) return context.console.fail(*reply);
  std::string token = text_at(reply->body, {"token"});
  if (token.empty()) return context.console.fail(make_error(Reason::kInternal, "the answer holds no token"));
  context.console.out << token << "\n";
  return ExitCode::kOk;
}
}  // namespace heddle
