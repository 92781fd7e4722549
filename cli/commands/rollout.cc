#include "cli/commands/change_reply.h"
#include "cli/commands/rollout_wait.h"
#include "cli/document_text.h"
#include "cli/rollout_text.h"
#include "lib/base/json_writer.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
std::string body_of(const RolloutOptions& options, std::string_view list) {
  std::string body;
  JsonWriter out(body);
  out.begin_object().key("stages").begin_array();
  for (const std::string& stage : options.stages) out.string(stage);
  out.end_array();
  auto optional = [&out](std::string_view name, const std::string& text) {
    if (!text.empty()) out.field(name, text);
  };
  optional("watch", options.watch ? format_duration(*options.watch) : "");
  optional("maxErrorRate", options.max_error_rate);
  optional("maxRejectRate", options.max_reject_rate);
  optional("maxLatency", options.max_latency);
  if (options.min_requests) out.field("minRequests", *options.min_requests);
  out.key("list").raw(list).end_object();
  return body;
}

ExitCode show(const Result<ApiReply>& reply, OutputFormat output, CommandContext& context) {
  if (!reply) return context.console.fail(reply.error());
  if (!reply->ok()) return context.console.fail(*reply);
  bool json = output == OutputFormat::kJson;
  context.console.out << (json ? to_pretty_json(reply->body)
                               : rollout_text(reply->body, context.clock.wall(), context.console.color));
  return ExitCode::kOk;
}
}  // namespace

ExitCode start_rollout(const ApplyOptions& options, std::string_view list, CommandContext& context) {
  ApiRequest request{.method = "POST", .path = "/v1/rollouts", .deadline = context.timeout};
  request.query = change_query(options.said, DryRun::kNo);
  request.body = body_of(*options.rollout, list);
  Result<ApiReply> reply = context.api.call(request);
  if (reply && reply->ok()) print_warnings(reply->body, context.console);
  if (reply && reply->ok() && options.wait == WaitLive::kYes) {
    return RolloutWait(context, OutputFormat::kTable).run(*std::move(reply));
  }
  ExitCode code = show(reply, OutputFormat::kTable, context);
  if (code == ExitCode::kOk) context.console.err << "heddle rollout status shows how it goes on\n";
  return code;
}

ExitCode run_rollout_status(const RolloutStatusOptions& options, CommandContext& context) {
  Result<ApiReply> reply = context.api.call({.path = "/v1/rollouts", .deadline = context.timeout});
  bool is_waiting = options.wait == WaitLive::kYes && reply && reply->ok();
  return is_waiting ? RolloutWait(context, options.output).run(*std::move(reply))
                    : show(reply, options.output, context);
}

ExitCode run_rollout_step(const RolloutStepOptions& options, CommandContext& context) {
  ApiRequest request{.method = "POST", .path = str_cat("/v1/rollouts/", options.step), .deadline = context.timeout};
  return show(context.api.call(request), OutputFormat::kTable, context);
}
}  // namespace heddle
