#include "cli/commands/commands.h"
#include "cli/resource_table.h"
#include "cli/resource_words.h"
#include "cli/sources.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
void print_warnings(const JsonValue& reply, Console& console) {
  std::optional<JsonValue> warnings = reply.find("warnings");
  for (size_t i = 0; warnings && i < warnings->size(); ++i) {
    JsonValue one = warnings->at(i);
    std::string key = text_at(one, {"resource"});
    Result<ResourceKey> parsed = ResourceKey::parse(key);
    std::string what = parsed ? str_cat(info(parsed->kind).name, " ", parsed->ns, "/", parsed->name) : key;
    console.err << "warning: " << printable(what) << ": " << printable(text_at(one, {"path"})) << ": "
                << printable(text_at(one, {"message"})) << "\n";
  }
}

void print_results(const JsonValue& reply, DryRun dry_run, Console& console) {
  std::optional<JsonValue> results = reply.find("results");
  for (size_t i = 0; results && i < results->size(); ++i) {
    std::string key = text_at(results->at(i), {"key"});
    Result<ResourceKey> parsed = ResourceKey::parse(key);
    console.out << printable(parsed ? resource_name(*parsed) : key) << " "
                << printable(text_at(results->at(i), {"result"})) << (dry_run == DryRun::kYes ? " (dry run)" : "")
                << "\n";
  }
  if (dry_run == DryRun::kNo) console.out << "version " << printable(scalar_at(reply, {"version"})) << "\n";
}
}  // namespace

ExitCode run_apply(const ApplyOptions& options, CommandContext& context) {
  LoadedResources loaded = load_sources(options.files, context.console.in);
  if (!loaded.ok()) return context.console.fail(make_error(Reason::kConfigInvalid, loaded.text()));

  if (options.rollout) return start_rollout(*options.rollout, list_body(loaded.resources), context);
  ApiRequest request{.method = "POST", .path = "/v1/apply", .deadline = context.timeout};
  if (options.dry_run == DryRun::kYes) request.query = "dryRun=true";
  request.body = list_body(loaded.resources);
  Result<ApiReply> reply = context.api.call(request);

  if (!reply) return context.console.fail(reply.error());
  if (!reply->ok()) return context.console.fail(*reply);
  print_warnings(reply->body, context.console);
  print_results(reply->body, options.dry_run, context.console);
  return ExitCode::kOk;
}
}  // namespace heddle
