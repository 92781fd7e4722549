#include "cli/context_set.h"

#include "cli/context_file.h"
#include "cli/document_text.h"
#include "lib/api/resource.h"
#include "lib/base/json_reader.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kUnnamed = "default";  // what a single context is called once there are others

std::string listed(const std::vector<std::string>& names) { return names.empty() ? "none" : join(names, ", "); }
}  // namespace

Result<ContextSet> ContextSet::parse(std::string_view json) {
  HEDDLE_TRY(JsonValue document, JsonValue::parse(json, ContextFile::kMaxBytes));
  ContextSet out;
  if (!document.find("contexts")) {
    out.single_ = true;
    out.contexts_ = document;
    return out;
  }
  Problems problems;
  JsonObject root(JsonReader(document, "", problems));
  out.current_ = root.string("current");
  JsonObject contexts = root.object("contexts");
  root.finish();
  out.contexts_ = contexts.value();
  if (out.contexts_.size() > kMaxContexts) problems.add("contexts", "are more than 64");
  for (std::string_view name : out.contexts_.keys()) {
    if (!is_dns_label(name)) contexts.problem(name, "is not a name (1-63 lower-case letters, digits or '-')");
  }
  bool is_known = out.contexts_.find(out.current_).has_value();
  if (problems.empty() && !is_known) problems.add("current", str_cat("there is no context ", in_quotes(out.current_)));
  if (!problems.empty()) return make_error(Reason::kConfigInvalid, problems.text());
  return out;
}

std::vector<std::string> ContextSet::names() const {
  std::vector<std::string> out;
  if (single_) return out;
  for (std::string_view name : contexts_.keys()) out.emplace_back(name);
  return out;
}

Result<JsonValue> ContextSet::pick(std::string_view name) const {
  if (single_ && name.empty()) return contexts_;
  if (single_) {
    return make_error(Reason::kNotFound, str_cat("there is no context ", in_quotes(name),
                                                 ": the file holds one without a name; see `heddle context add`"));
  }
  std::optional<JsonValue> found = contexts_.find(name.empty() ? std::string_view(current_) : name);
  if (found) return *found;
  return make_error(Reason::kNotFound, str_cat("there is no context ", in_quotes(name), "; known: ", listed(names())));
}

Result<void> ContextSet::use(std::string_view name) {
  HEDDLE_CHECK_OK(pick(name));
  current_ = name;
  return {};
}

Result<void> ContextSet::add(std::string_view name, const JsonValue& context) {
  if (single_) {
    contexts_ = JsonValue::object().with({kUnnamed}, contexts_);
    current_ = kUnnamed;
    single_ = false;
  }
  bool is_new = !contexts_.find(name).has_value();
  if (is_new && contexts_.size() >= kMaxContexts) {
    return make_error(Reason::kConfigInvalid, "the file holds 64 contexts, which is the most");
  }
  contexts_ = contexts_.with({name}, context);
  if (current_.empty()) current_ = name;
  return {};
}

std::string ContextSet::to_json() const {
  return to_pretty_json(
      JsonValue::object().with({"current"}, JsonValue::string(current_)).with({"contexts"}, contexts_));
}
}  // namespace heddle
