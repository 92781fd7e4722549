#include "lib/decision/explain_request.h"

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

void read_draw(JsonObject& object, ExplainWords& out) {
  std::optional<std::string> text = object.optional_string("draw");
  if (!text) return;
  out.draw = parse_int<uint64_t>(*text);
  if (!out.draw) object.problem("draw", "expected a decimal number of 64 bits, as text");
}
}  // namespace

ExplainWords read_explain_words(JsonObject& object) {
  ExplainWords out;
  out.url = object.string("url", {1});
  out.method = object.optional_string("method").value_or(out.method);
  out.from = object.optional_string("from", {1}).value_or("");
  out.server_name = object.optional_string("sni", {1}).value_or("");
  if (auto headers = object.optional("headers")) read_headers(*headers, out);
  read_draw(object, out);
  return out;
}

Error explain_refusal(const Problems& problems) {
  bool is_later = problems.reason() == Reason::kUnsupported;
  return make_error(is_later ? Reason::kUnsupported : Reason::kBadRequest, problems.text(), Origin::kDownstream);
}

Result<ExplainQuery> read_explain(std::string_view body) {
  HEDDLE_TRY(JsonValue document, JsonValue::parse(body));
  Problems problems;
  JsonObject object{JsonReader(document, "", problems)};
  ExplainWords words = read_explain_words(object);
  words.client_ns = object.optional_string("namespace").value_or(words.client_ns);
  object.finish();
  if (!problems.empty()) return explain_refusal(problems);
  std::optional<ExplainQuery> query = ExplainQuery::parse(words, problems);
  if (!query) return explain_refusal(problems);
  return *std::move(query);
}
}  // namespace heddle
