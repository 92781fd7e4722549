#include "control/cluster/object_status.h"

#include <algorithm>
#include <set>

#include "control/cluster/cluster_objects.h"
#include "control/cluster/unresolved_backends.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr size_t kMaxMessage = 32768;  // metav1.Condition

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

// Each where it stood, or two who write would each put theirs in front; new ones at the end.
JsonValue merged(const std::optional<JsonValue>& before, const std::vector<ObjectCondition>& ours, int64_t generation,
                 WallTime now) {
  std::vector<JsonValue> out;
  std::set<std::string_view> written;
  for (size_t i = 0; before && i < before->size(); ++i) {
    JsonValue there = before->at(i);
    std::string_view type = text_at(there, {"type"});
    auto one = std::find_if(ours.begin(), ours.end(), [&](const ObjectCondition& own) { return own.type == type; });
    if (one == ours.end()) {
      out.push_back(there);
    } else if (written.insert(one->type).second) {
      out.push_back(write_condition(*one, there, generation, now));
    }
  }
  for (const ObjectCondition& one : ours) {
    if (!written.contains(one.type)) out.push_back(write_condition(one, std::nullopt, generation, now));
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

bool is_of(const JsonValue& entry, const ParentStatus& one) { return entry.find("parentRef") == one.parent_ref; }

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
  std::set<const ParentStatus*> written;
  for (size_t i = 0; parents && i < parents->size(); ++i) {
    JsonValue entry = parents->at(i);
    if (text_at(entry, {"controllerName"}) != kControllerName) {
      out.push_back(entry);
      continue;
    }
    auto one = std::find_if(ours.begin(), ours.end(), [&](const ParentStatus& own) { return is_of(entry, own); });
    if (one == ours.end() || !written.insert(&*one).second) continue;
    if (is_newer(entry.find("conditions"), generation)) return std::nullopt;
    out.push_back(write_entry(*one, entry, generation, now));
  }
  for (const ParentStatus& one : ours) {
    if (!written.contains(&one)) out.push_back(write_entry(one, std::nullopt, generation, now));
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

namespace {
// Problems of one kind, as one condition.
struct Said {
  std::string text;
  std::string_view reason;  // of the first
  void add(const std::string& field, const std::string& message, std::string_view why) {
    if (text.empty()) reason = why;
    text.append(text.empty() ? "" : "; ").append(field).append(field.empty() ? "" : ": ").append(message);
  }
  // With words in either case: kube-apiserver 1.20 takes an empty text for one that is missing, and refuses it.
  ObjectCondition condition(std::string_view type, std::string_view fine) const {
    bool is_fine = text.empty();
    return {std::string(type), is_fine ? "True" : "False", std::string(is_fine ? type : reason),
            is_fine ? std::string(fine) : text};
  }
};

// Why an object is not taken as it is.
std::string_view reason_of(std::string_view field) {
  if (field.find("parentRefs") != field.npos) return "NoMatchingParent";
  if (field.find("targetRef") != field.npos) return "TargetNotFound";
  return "UnsupportedValue";
}
}  // namespace

std::vector<ObjectCondition> conditions_of(const ObjectVerdict& verdict) {
  Said refused;
  Said unresolved;
  for (const auto& [field, message] : verdict.problems) {
    std::optional<std::string_view> unresolved_why = unresolved_reason(field);
    if (unresolved_why) unresolved.add(field, message, *unresolved_why);
    if (!unresolved_why) refused.add(field, message, reason_of(field));
  }
  std::vector<ObjectCondition> out{refused.condition("Accepted", "it is taken as it is"),
                                   unresolved.condition("ResolvedRefs", "all that it refers to is there")};
  // With references that lead nowhere a route is in force all the same.
  bool is_left_out = !refused.text.empty() || (!unresolved.text.empty() && !verdict.programmed);
  if (!is_left_out && verdict.programmed) out.push_back(*verdict.programmed);
  if (is_left_out) out.push_back({"Programmed", "False", "Invalid", "it is left out until it is mended"});
  return out;
}
}  // namespace heddle
