#include "control/api/apply_request.h"

#include "control/api/hints.h"
#include "control/api/view_model.h"
#include "lib/base/strings.h"
#include "lib/config/validate.h"

namespace heddle {
namespace {
constexpr size_t kMaxProblems = 1000;

Error problems_error(Reason reason, size_t count) {
  return make_error(reason,
                    str_cat(std::to_string(count), count == 1 ? " problem" : " problems", "; nothing was changed"));
}

void add(std::vector<ApiProblem>& out, const std::string& resource, const Problem& problem) {
  if (out.size() < kMaxProblems) out.push_back({resource, problem.path, problem.message});
}

std::optional<Version> read_expected(const JsonValue& item, Problems& problems) {
  auto text = item.find({"metadata", "resourceVersion"});
  if (!text) return std::nullopt;
  Result<Version> version = Version::parse(text->as_string().value_or(""));
  if (version) return *version;
  problems.add("metadata.resourceVersion", "expected a version as \"1.42\"");
  return std::nullopt;
}

// False when something is wrong with it.
bool read_item(const JsonValue& item, size_t index, Transaction& out, std::vector<ApiProblem>& all) {
  Problems problems;
  PutOperation put;
  std::optional<Envelope> envelope = read_envelope(item, {}, problems);
  if (envelope) {
    put.expected = read_expected(item, problems);
    parse_spec(*envelope, problems);
  }
  std::string resource = envelope ? envelope->key.text() : str_cat("items[", std::to_string(index), "]");
  for (const Problem& problem : problems.items()) add(all, resource, problem);
  if (!envelope || !problems.empty()) return false;
  put.envelope = *std::move(envelope);
  out.emplace_back(std::move(put));
  return true;
}
// "delete": ["HTTPRoute/default/hello"]; what stands in items as well is refused by the store.
void read_erased(JsonObject& object, Transaction& out, Problems& problems) {
  for (const JsonReader& item : object.optional_array("delete", {0, Store::kMaxOperations})) {
    std::optional<std::string_view> text = item.string();
    if (!text) continue;
    Result<ResourceKey> key = ResourceKey::parse(*text);
    if (key) {
      out.emplace_back(EraseOperation{*std::move(key)});
    } else {
      problems.add(item.path(), "expected a resource as \"HTTPRoute/default/hello\"");
    }
  }
}
}  // namespace

Result<Transaction> read_apply(std::string_view body, std::vector<ApiProblem>& problems) {
  HEDDLE_TRY(JsonValue document, JsonValue::parse(body, kMaxSnapshotBytes));
  Problems list;
  JsonObject object{JsonReader(document, "", list)};
  object.ignore("apiVersion");
  object.ignore("metadata");
  if (object.string("kind") != "List") object.problem("kind", "expected List");
  std::vector<JsonReader> items = object.array("items", {0, Store::kMaxOperations});
  Transaction out;
  bool is_good = true;
  for (size_t i = 0; i < items.size(); ++i) is_good &= read_item(items[i].value(), i, out, problems);
  read_erased(object, out, list);
  object.finish();
  if (!list.empty()) {
    problems.clear();
    return make_error(Reason::kBadRequest, list.text());
  }
  add_hints(problems, View());
  if (!is_good) return problems_error(Reason::kConfigInvalid, problems.size());
  return out;
}

Admission whole_admission(std::vector<ApiProblem>& problems, Reason reason, const TrustDomain& own) {
  return [&problems, reason, own](const View& after) -> Result<void> {
    problems.clear();
    ConfigProblems found = validate(model_of(after).model, ModelScope::kWhole, &own);
    if (found.empty()) return {};
    for (const ResourceProblem& item : found.items) add(problems, item.key.text(), item.problem);
    if (reason == Reason::kConflict) {
      for (ApiProblem& problem : problems) problem.hint = "change or delete this one first";
    } else {
      add_hints(problems, after);
    }
    return problems_error(reason, found.items.size());
  };
}
}  // namespace heddle
