#include "control/cluster/object_status.h"

#include <algorithm>

#include "control/cluster/cluster_objects.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr size_t kMaxMessage = 32768;  // metav1.Condition

std::optional<JsonValue> condition_of(const std::optional<JsonValue>& list, std::string_view type) {
  for (size_t i = 0; list && i < list->size(); ++i) {
    if (text_at(list->at(i), {"type"}) == type) return list->at(i);
  }
  return std::nullopt;
}

// metav1.Time has seconds.
std::string time_text(WallTime now) {
  std::string text = format_time(now);
  return text.substr(0, text.find('.')) + "Z";
}

JsonValue write_condition(const ObjectCondition& one, const std::optional<JsonValue>& before, int64_t generation,
                          WallTime now) {
  bool is_as_before = before && text_at(*before, {"status"}) == one.status;
  std::string_view since = is_as_before ? text_at(*before, {"lastTransitionTime"}) : "";
  std::string text;
  JsonWriter out(text);
  out.begin_object().field("type", one.type).field("status", one.status).field("reason", one.reason);
  out.field("message", std::string_view(one.message).substr(0, kMaxMessage));
  out.field("observedGeneration", generation);
  out.field("lastTransitionTime", since.empty() ? time_text(now) : std::string(since)).end_object();
  return JsonValue::parse(text).value_or(JsonValue());
}

// Ours first, then what others wrote there.
JsonValue merged(const std::optional<JsonValue>& before, const std::vector<ObjectCondition>& ours, int64_t generation,
                 WallTime now) {
  std::vector<JsonValue> out;
  for (const ObjectCondition& one : ours) {
    out.push_back(write_condition(one, condition_of(before, one.type), generation, now));
  }
  for (size_t i = 0; before && i < before->size(); ++i) {
    std::string_view type = text_at(before->at(i), {"type"});
    bool is_ours = std::any_of(ours.begin(), ours.end(), [&](const ObjectCondition& one) { return one.type == type; });
    if (!is_ours) out.push_back(before->at(i));
  }
  return JsonValue::array(out);
}

bool is_newer(const std::optional<JsonValue>& conditions, int64_t generation) {
  for (size_t i = 0; conditions && i < conditions->size(); ++i) {
    std::optional<JsonValue> seen = conditions->at(i).find("observedGeneration");
    if (seen && seen->as_integer().value_or(0) > generation) return true;
  }
  return false;
}

// Ours of that parent; nothing: there is none yet.
std::optional<JsonValue> entry_of(const std::optional<JsonValue>& parents, const JsonValue& parent_ref) {
  for (size_t i = 0; parents && i < parents->size(); ++i) {
    JsonValue entry = parents->at(i);
    if (text_at(entry, {"controllerName"}) != kControllerName) continue;
    if (entry.find("parentRef") == parent_ref) return entry;
  }
  return std::nullopt;
}

JsonValue write_entry(const ParentStatus& ours, const std::optional<JsonValue>& before, int64_t generation,
                      WallTime now) {
  std::optional<JsonValue> conditions = before ? before->find("conditions") : std::nullopt;
  JsonValue out = JsonValue::object();
  out = out.with({"parentRef"}, ours.parent_ref);
  out = out.with({"controllerName"}, JsonValue::string(kControllerName));
  return out.with({"conditions"}, merged(conditions, ours.conditions, generation, now));
}

std::optional<JsonValue> if_changed(const JsonValue& object, JsonValue status) {
  return object.find("status") == status ? std::nullopt : std::optional(std::move(status));
}
}  // namespace

std::optional<JsonValue> route_status(const JsonValue& object, int64_t generation,
                                      const std::vector<ParentStatus>& ours, WallTime now) {
  std::optional<JsonValue> parents = object.find({"status", "parents"});
  std::vector<JsonValue> out;
  for (size_t i = 0; parents && i < parents->size(); ++i) {
    if (text_at(parents->at(i), {"controllerName"}) != kControllerName) out.push_back(parents->at(i));
  }
  for (const ParentStatus& one : ours) {
    std::optional<JsonValue> before = entry_of(parents, one.parent_ref);
    if (before && is_newer(before->find("conditions"), generation)) return std::nullopt;
    out.push_back(write_entry(one, before, generation, now));
  }
  JsonValue status = object.find("status").value_or(JsonValue::object());
  if (out.empty() && !parents) return std::nullopt;
  return if_changed(object, status.with({"parents"}, JsonValue::array(out)));
}

std::optional<JsonValue> policy_status(const JsonValue& object, int64_t generation,
                                       const std::vector<ObjectCondition>& ours, WallTime now) {
  std::optional<JsonValue> before = object.find({"status", "conditions"});
  if (is_newer(before, generation)) return std::nullopt;
  JsonValue status = object.find("status").value_or(JsonValue::object());
  return if_changed(object, status.with({"conditions"}, merged(before, ours, generation, now)));
}

std::vector<ObjectCondition> conditions_of(const ObjectVerdict& verdict) {
  std::string said;
  bool only_references = true;
  for (const auto& [field, message] : verdict.problems) {
    if (!said.empty()) said.append("; ");
    if (!field.empty()) said.append(field).append(": ");
    said.append(message);
    only_references = only_references && field.find("Refs") != field.npos;
  }
  bool is_fine = verdict.problems.empty();
  bool is_accepted = is_fine || only_references;
  std::vector<ObjectCondition> out;
  out.push_back({"Accepted", is_accepted ? "True" : "False", is_accepted ? "Accepted" : "UnsupportedValue",
                 is_accepted ? "" : said});
  bool is_resolved = is_fine || !only_references;
  out.push_back({"ResolvedRefs", is_resolved ? "True" : "False", is_resolved ? "ResolvedRefs" : "BackendNotFound",
                 is_resolved ? "" : said});
  if (is_fine && verdict.programmed) out.push_back(*verdict.programmed);
  if (!is_fine) out.push_back({"Programmed", "False", "Invalid", "it is left out until it is mended"});
  return out;
}
}  // namespace heddle
