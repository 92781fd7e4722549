#include "cli/change_text.h"
#include "cli/commands/commands.h"
#include "cli/document_text.h"
#include "cli/resource_table.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
ApiRequest request_for(const ShowOptions& options, Duration timeout) {
  ApiRequest out{.path = str_cat("/v1/history/", options.version.text()), .deadline = timeout};
  if (options.what == ShowWhat::kEverything) out.query = "all=true";
  if (!options.resource) return out;
  out.query.append(out.query.empty() ? "" : "&").append("resource=").append(percent_encoded(options.resource->text()));
  return out;
}

bool has_none(const ShowOptions& options, const JsonValue& body) {
  std::string_view list = options.what == ShowWhat::kEverything ? "items" : "changes";
  return options.resource && body.find(list).value_or(JsonValue()).size() == 0;
}

Error nothing_of_it(const ShowOptions& options) {
  std::string_view what = options.what == ShowWhat::kEverything ? " does not hold " : " did not change ";
  return make_error(Reason::kNotFound, str_cat("version ", options.version.text(), what, options.resource->text()));
}

void print_changes(const JsonValue& body, Console& console) {
  for (std::string_view field : {"version", "time", "author", "message"}) {
    std::string text = scalar_at(body, {field});
    if (!text.empty()) console.out << field << ": " << printable(text) << "\n";
  }
  std::optional<JsonValue> changes = body.find("changes");
  for (size_t i = 0; changes && i < changes->size(); ++i) {
    console.out << "\n" << painted(change_text(changes->at(i)), console.color);
  }
}
}  // namespace

ExitCode run_show(const ShowOptions& options, CommandContext& context) {
  Console& console = context.console;
  Result<ApiReply> reply = context.api.call(request_for(options, context.timeout));
  if (!reply) return console.fail(reply.error());
  if (!reply->ok()) return console.fail(*reply);
  if (has_none(options, reply->body)) return console.fail(nothing_of_it(options));
  bool is_everything = options.what == ShowWhat::kEverything;
  JsonValue body = is_everything ? appliable(reply->body) : reply->body;
  bool is_table = options.output == OutputFormat::kTable;
  if (options.output == OutputFormat::kJson) {
    console.out << to_pretty_json(body);
  } else if (is_table && !is_everything) {
    print_changes(body, console);
  } else {
    console.out << to_yaml(body);
  }
  return ExitCode::kOk;
}
}  // namespace heddle
