#include "cli/commands/commands.h"
#include "cli/document_text.h"
#include "cli/resource_table.h"
#include "cli/resource_words.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
ApiRequest request_for(const GetOptions& options, Duration timeout) {
  ApiRequest request{.path = str_cat("/v1/resources/", info(options.kind).plural), .deadline = timeout};
  if (options.name) {
    request.path.append("/").append(options.ns).append("/").append(*options.name);
  } else if (!options.ns.empty()) {
    request.query = str_cat("namespace=", options.ns);
  }
  return request;
}

// The list, without what the selector does not take.
JsonValue selected(const GetOptions& options, const JsonValue& body) {
  std::optional<JsonValue> items = body.find("items");
  if (options.selector.empty() || !items) return body;
  std::vector<JsonValue> kept;
  for (size_t i = 0; i < items->size(); ++i) {
    if (options.selector.matches(items->at(i))) kept.push_back(items->at(i));
  }
  return body.with({"items"}, JsonValue::array(kept));
}

// One resource is a list of one.
std::vector<JsonValue> items_of(const GetOptions& options, const JsonValue& body) {
  if (options.name) return {body};
  std::vector<JsonValue> out;
  std::optional<JsonValue> items = body.find("items");
  for (size_t i = 0; items && i < items->size(); ++i) out.push_back(items->at(i));
  return out;
}

void print_names(const GetOptions& options, const std::vector<JsonValue>& items, Console& console) {
  for (const JsonValue& item : items) {
    console.out << printable(resource_name(options.kind, text_at(item, {"metadata", "name"}))) << "\n";
  }
}

void print_table(const GetOptions& options, const std::vector<JsonValue>& items, CommandContext& context) {
  Console& console = context.console;
  if (items.empty()) {
    console.err << "No resources found" << (options.ns.empty() ? "" : str_cat(" in ", options.ns, " namespace"))
                << ".\n";
    return;
  }
  NamespaceColumn shown = options.ns.empty() ? NamespaceColumn::kShown : NamespaceColumn::kHidden;
  WideColumns wide = options.output == OutputFormat::kWide ? WideColumns::kShown : WideColumns::kHidden;
  console.out << resource_table(options.kind, items, shown, context.clock.wall(), wide).text(console.color);
}

void print(const GetOptions& options, const JsonValue& body, CommandContext& context) {
  std::ostream& out = context.console.out;
  switch (options.output) {
    case OutputFormat::kJson:
      out << to_pretty_json(body);
      break;
    case OutputFormat::kYaml:
      out << to_yaml(body);
      break;
    case OutputFormat::kName:
      print_names(options, items_of(options, body), context.console);
      break;
    case OutputFormat::kTable:
    case OutputFormat::kWide:
      print_table(options, items_of(options, body), context);
      break;
  }
}
}  // namespace

ExitCode run_get(const GetOptions& options, CommandContext& context) {
  Result<ApiReply> reply = context.api.call(request_for(options, context.timeout));
  if (!reply) return context.console.fail(reply.error());
  if (options.name && reply->status == 404) {
    return context.console.fail(make_error(
        Reason::kNotFound,
        str_cat(resource_type(options.kind), " ", in_quotes(*options.name), " not found in namespace ", options.ns)));
  }
  if (!reply->ok()) return context.console.fail(*reply);
  print(options, selected(options, reply->body), context);
  return ExitCode::kOk;
}
}  // namespace heddle
