#include "lib/decision/explain.h"

#include "cli/commands/commands.h"
#include "cli/document_text.h"
#include "cli/explanation_text.h"
#include "cli/sources.h"
#include "lib/snapshot/snapshot_builder.h"

namespace heddle {
namespace {
// A sidecar has a namespace of its own.
std::string body_of(const ExplainWords& words, const std::optional<LiveOptions>& live) {
  std::string body;
  JsonWriter out(body);
  out.begin_object().field("method", words.method).field("url", words.url);
  if (!live) out.field("namespace", words.client_ns);
  if (live && live->inbound) out.field("direction", "inbound");
  if (live && !live->listener.empty()) out.field("listener", live->listener);
  if (!words.from.empty()) out.field("from", words.from);
  if (!words.server_name.empty()) out.field("sni", words.server_name);
  if (words.draw) out.field("draw", std::to_string(*words.draw));
  out.key("headers").begin_object();
  for (const auto& [name, value] : words.headers) out.field(name, value);
  out.end_object().end_object();
  return body;
}

Result<std::shared_ptr<const Snapshot>> snapshot_of(const FileOptions& files, std::istream& in) {
  LoadedResources loaded = load_sources(files, in);
  if (!loaded.ok()) return make_error(Reason::kConfigInvalid, loaded.text());
  SnapshotBuilder builder(ModelScope::kWhole);
  ConfigChange change;
  change.kind = ConfigChange::Kind::kReplaceAll;
  change.puts = std::move(loaded.resources);
  BuildOutcome outcome = builder.apply(std::move(change));
  if (!outcome) return outcome.problems.to_error();
  return std::move(outcome.snapshot);
}

Result<JsonValue> explain_files(const ExplainOptions& options, std::istream& in) {
  HEDDLE_TRY(std::shared_ptr<const Snapshot> snapshot, snapshot_of(options.files, in));
  Problems problems;
  std::optional<ExplainQuery> query = ExplainQuery::parse(options.question, problems);
  if (!query) return problems.to_error();
  return JsonValue::parse(explanation_json(*query, explain(*snapshot, *query)));
}

ExitCode print(const JsonValue& explanation, const ExplainOptions& options, Console& console) {
  bool json = options.output == OutputFormat::kJson;
  console.out << (json ? to_pretty_json(explanation) : explanation_text(explanation, console.color));
  return would_be_routed(explanation) ? ExitCode::kOk : ExitCode::kFailure;
}

Result<ApiReply> ask(const ExplainOptions& options, CommandContext& context) {
  ApiRequest request{.method = "POST",
                     .path = options.live ? "/explain" : "/v1/explain",
                     .body = body_of(options.question, options.live),
                     .deadline = context.timeout};
  if (options.live && !context.ask_sidecar) return make_error(Reason::kUnavailable, "no way to a sidecar");
  return options.live ? context.ask_sidecar(*options.live, request) : context.api.call(request);
}
}  // namespace

ExitCode run_explain(const ExplainOptions& options, CommandContext& context) {
  if (!options.files.paths.empty()) {
    Result<JsonValue> explanation = explain_files(options, context.console.in);
    return explanation ? print(*explanation, options, context.console) : context.console.fail(explanation.error());
  }
  Result<ApiReply> reply = ask(options, context);
  if (!reply) return context.console.fail(reply.error());
  if (!reply->ok()) return context.console.fail(*reply);
  return print(reply->body, options, context.console);
}
}  // namespace heddle
