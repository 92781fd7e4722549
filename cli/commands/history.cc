#include "cli/change_text.h"
#include "cli/commands/commands.h"
#include "cli/document_text.h"
#include "cli/resource_table.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
Table table_of(const JsonValue& items) {
  Table out({"VERSION", "TIME", "AUTHOR", "CHANGES", "MESSAGE"});
  for (size_t i = 0; i < items.size(); ++i) {
    JsonValue one = items.at(i);
    std::string changes = text_at(one, {"result"});
    if (changes.empty()) changes = scalar_at(one, {"changes"});
    out.add({printable(scalar_at(one, {"version"})), printable(text_at(one, {"time"})),
             printable(text_at(one, {"author"})), printable(changes), printable(text_at(one, {"message"}))});
  }
  return out;
}
}  // namespace

ExitCode run_history(const HistoryOptions& options, CommandContext& context) {
  Console& console = context.console;
  ApiRequest request{.path = "/v1/history", .deadline = context.timeout};
  request.query = str_cat("limit=", options.limit);
  if (options.resource) request.query.append("&resource=").append(percent_encoded(options.resource->text()));
  Result<ApiReply> reply = context.api.call(request);
  if (!reply) return console.fail(reply.error());
  if (!reply->ok()) return console.fail(*reply);
  if (options.output == OutputFormat::kJson) {
    console.out << to_pretty_json(reply->body);
    return ExitCode::kOk;
  }
  JsonValue items = reply->body.find("items").value_or(JsonValue());
  if (items.size() == 0) {
    console.err << "No changes are kept" << (options.resource ? " of that resource" : "") << ".\n";
    return ExitCode::kOk;
  }
  console.out << table_of(items).text(console.color);
  return ExitCode::kOk;
}
}  // namespace heddle
