#include "lib/base/version.h"

#include "cli/commands/commands.h"
#include "cli/document_text.h"
#include "cli/resource_table.h"

namespace heddle {
namespace {
void print(const JsonValue& versions, const VersionOptions& options, Console& console) {
  if (options.output == OutputFormat::kJson) {
    console.out << to_pretty_json(versions);
    return;
  }
  console.out << "heddle " << kSoftwareVersion << "\n";
  std::optional<JsonValue> control = versions.find("control");
  if (!control) return;
  console.out << "heddle-control " << printable(scalar_at(*control, {"version"})) << " (schema "
              << printable(scalar_at(*control, {"schema"})) << ")\n";
}
}  // namespace

// The own version is always printed, whatever becomes of the other.
ExitCode run_version(const VersionOptions& options, CommandContext& context) {
  JsonValue versions = JsonValue::object().with({"client", "version"}, JsonValue::string(kSoftwareVersion));
  if (options.of == VersionOf::kClient) {
    print(versions, options, context.console);
    return ExitCode::kOk;
  }
  Result<ApiReply> reply = context.api.call({.path = "/v1/version", .deadline = context.timeout});
  if (reply && reply->ok()) versions = versions.with({"control"}, reply->body);
  print(versions, options, context.console);
  if (!reply) return context.console.fail(reply.error());
  return reply->ok() ? ExitCode::kOk : context.console.fail(*reply);
}
}  // namespace heddle
