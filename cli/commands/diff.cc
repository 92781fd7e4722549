#include "cli/change_text.h"
#include "cli/commands/change_body.h"
#include "cli/commands/change_reply.h"
#include "cli/resource_table.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
ExitCode print_differences(const std::optional<JsonValue>& changes, Console& console) {
  ExitCode code = ExitCode::kOk;
  for (size_t i = 0; changes && i < changes->size(); ++i) {
    std::string text = change_text(changes->at(i));
    if (text.empty()) continue;
    console.out << painted(text, console.color);
    code = ExitCode::kFailure;
  }
  return code;
}

Result<ApiRequest> request_for(const DiffOptions& options, CommandContext& context) {
  ApiRequest out{.deadline = context.timeout};
  if (options.from) {
    out.path = "/v1/diff";
    out.query = str_cat("from=", options.from->text());
    if (options.to) out.query.append("&to=").append(options.to->text());
    return out;
  }
  HEDDLE_TRY(ChangeBody body, read_change_body(options.files, context));
  out.method = "POST";
  out.path = "/v1/apply";
  out.query = "dryRun=true&changes=true";
  if (body.seen) out.query.append("&expect=").append(body.seen->text());
  out.body = std::move(body.json);
  return out;
}
}  // namespace

ExitCode run_diff(const DiffOptions& options, CommandContext& context) {
  Console& console = context.console;
  Result<ApiRequest> request = request_for(options, context);
  if (!request) return failed_beside_changes(console.fail(request.error()));
  Result<ApiReply> reply = context.api.call(*request);
  if (!reply) return failed_beside_changes(console.fail(reply.error()));
  if (!reply->ok()) return failed_beside_changes(console.fail(*reply));
  return print_differences(reply->body.find(options.from ? "changes" : "results"), console);
}
}  // namespace heddle
