#include "control/api/explain_request.h"

#include "lib/base/json_reader.h"
#include "lib/base/strings.h"
#include "lib/http/limits.h"

namespace heddle {
namespace {
void read_headers(const JsonReader& headers, ExplainWords& out) {
  if (!headers.value().is_object()) return headers.problem("expected an object of names and values");
  constexpr size_t kMost = HttpLimits{}.fields;
  if (headers.value().size() > kMost) return headers.problem(str_cat("more than ", std::to_string(kMost), " headers"));
  for (std::string_view name : headers.value().keys()) {
    JsonReader value = headers.at_field(str_cat(headers.path(), ".", name), *headers.value().find(name));
    if (auto text = value.string()) out.headers.emplace_back(name, *text);
  }
}

ExplainWords read_words(const JsonValue& document, Problems& problems) {
  ExplainWords out;
  JsonObject object{JsonReader(document, "", problems)};
  out.url = object.string("url", {1});
  out.method = object.optional_string("method").value_or(out.method);
  out.client_ns = object.optional_string("namespace").value_or(out.client_ns);
  out.from = object.optional_string("from", {1}).value_or("");
  out.server_name = object.optional_string("sni", {1}).value_or("");
  if (auto headers = object.optional("headers")) read_headers(*headers, out);
  object.finish();
  return out;
}

Error refusal(const Problems& problems) {
  bool is_later = problems.reason() == Reason::kUnsupported;
  return make_error(is_later ? Reason::kUnsupported : Reason::kBadRequest, problems.text(), Origin::kDownstream);
}
}  // namespace

Result<ExplainQuery> read_explain(std::string_view body) {
  HEDDLE_TRY(JsonValue document, JsonValue::parse(body));
  Problems problems;
  ExplainWords words = read_words(document, problems);
  if (!problems.empty()) return refusal(problems);
  std::optional<ExplainQuery> query = ExplainQuery::parse(words, problems);
  if (!query) return refusal(problems);
  return *std::move(query);
}
}  // namespace heddle
