#include "control/cluster/cluster_objects.h"

#include "lib/base/strings.h"

namespace heddle {
std::string_view to_text(ClusterKind kind) noexcept {
  constexpr std::string_view kNames[] = {"Namespace", "Service", "EndpointSlice", "Endpoints", "Pod"};
  static_assert(std::size(kNames) == kClusterKinds);
  return kNames[static_cast<size_t>(kind)];
}

std::string ClusterProblem::text() const { return str_cat(object, field.empty() ? "" : ": ", field, ": ", message); }

std::string_view text_at(const JsonValue& object, JsonValue::Path path) {
  std::optional<JsonValue> found = object.find(path);
  return found ? found->as_string().value_or("") : "";
}

bool is_true_at(const JsonValue& object, JsonValue::Path path) {
  std::optional<JsonValue> found = object.find(path);
  return found && found->as_bool().value_or(false);
}

std::optional<std::string> annotation(const JsonValue& object, std::string_view name) {
  std::string key = str_cat("heddle.dev/", name);
  std::optional<JsonValue> found = object.find({"metadata", "annotations", key});
  if (!found || !found->is_string()) return std::nullopt;
  return std::string(trim(*found->as_string()));
}

bool ClusterObjects::put(ClusterKind kind, const JsonValue& object) {
  ObjectRef ref{std::string(text_at(object, {"metadata", "namespace"})),
                std::string(text_at(object, {"metadata", "name"}))};
  if (ref.name.empty()) return false;
  objects_[static_cast<size_t>(kind)][std::move(ref)] = object;
  return true;
}

void ClusterObjects::erase(ClusterKind kind, const ObjectRef& ref) { objects_[static_cast<size_t>(kind)].erase(ref); }

const JsonValue* ClusterObjects::find(ClusterKind kind, const ObjectRef& ref) const {
  const Objects& objects = all(kind);
  auto found = objects.find(ref);
  return found == objects.end() ? nullptr : &found->second;
}
}  // namespace heddle
