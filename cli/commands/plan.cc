#include "cli/plan_text.h"

#include "cli/commands/change_body.h"
#include "cli/document_text.h"
#include "cli/resource_table.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
// Of another version than that of which it was listed what would be deleted.
Result<void> check_version(const JsonValue& plan, const std::optional<Version>& seen) {
  std::string version = text_at(plan, {"version"});
  if (!seen || version == seen->text()) return {};
  return make_error(Reason::kConflict, str_cat("the mesh went from version ", seen->text(), " to ", version,
                                               " while it was listed; try again"));
}
}  // namespace

ExitCode run_plan(const PlanOptions& options, CommandContext& context) {
  Result<ChangeBody> body = read_change_body(options.files, context);
  if (!body) return failed_beside_changes(context.console.fail(body.error()));

  ApiRequest request{.method = "POST", .path = "/v1/plan", .deadline = context.timeout};
  if (options.replay == Replay::kNo) request.query = "replay=false";
  request.body = std::move(body->json);
  Result<ApiReply> reply = context.api.call(request);

  if (!reply) return failed_beside_changes(context.console.fail(reply.error()));
  if (!reply->ok()) return failed_beside_changes(context.console.fail(*reply));
  if (Result<void> same = check_version(reply->body, body->seen); !same) {
    return failed_beside_changes(context.console.fail(same.error()));
  }
  bool json = options.output == OutputFormat::kJson;
  context.console.out << (json ? to_pretty_json(reply->body) : plan_text(reply->body));
  return would_change(reply->body) ? ExitCode::kFailure : ExitCode::kOk;
}
}  // namespace heddle
