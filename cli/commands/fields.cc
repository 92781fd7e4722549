#include "cli/commands/commands.h"
#include "cli/crds_text.h"
#include "cli/document_text.h"
#include "cli/field_text.h"
#include "lib/config/json_schema.h"

namespace heddle {
ExitCode run_schema(const SchemaOptions& options, CommandContext& context) {
  if (options.crds) {
    context.console.out << crds_text();
    return ExitCode::kOk;
  }
  context.console.out << to_pretty_json(options.kind ? json_schema(*options.kind) : json_schema_of_all());
  return ExitCode::kOk;
}

ExitCode run_explain_field(const ExplainFieldOptions& options, CommandContext& context) {
  if (options.output == OutputFormat::kJson) {
    Result<JsonValue> document = field_json(options.kind, options.path);
    if (!document) return context.console.fail(document.error());
    context.console.out << to_pretty_json(*document);
    return ExitCode::kOk;
  }
  Result<std::string> text = field_text(options.kind, options.path);
  if (!text) return context.console.fail(text.error());
  context.console.out << *text;
  return ExitCode::kOk;
}
}  // namespace heddle
