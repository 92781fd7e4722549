#include "control/source/root_targets.h"

#include "lib/base/json_writer.h"

namespace heddle {
namespace {
std::string text_of(const JsonValue& object, JsonValue::Path path) {
  std::optional<JsonValue> found = object.find(path);
  return std::string(found ? found->as_string().value_or("") : "");
}
}  // namespace

void RootTargets::put_namespace(const std::string& name, const JsonValue& object) {
  if (text_of(object, {"status", "phase"}) == "Terminating") return remove_namespace(name);
  labelled_[name] = text_of(object, {"metadata", "labels", kInjectLabel}) == "enabled";
}

void RootTargets::remove_pod(const std::string& ns, const std::string& name) {
  auto found = pods_.find(ns);
  if (found == pods_.end()) return;
  found->second.erase(name);
  if (found->second.empty()) pods_.erase(found);
}

void RootTargets::put_config_map(const std::string& ns, const JsonValue& object) {
  there_[ns] = text_of(object, {"data", kRootFile});
}

bool RootTargets::is_wanted(const std::string& ns) const {
  auto found = labelled_.find(ns);
  return found != labelled_.end() && (found->second || pods_.contains(ns));
}

bool RootTargets::is_right(const std::string& ns) const {
  auto found = there_.find(ns);
  return found != there_.end() && found->second == roots_;
}

std::optional<std::string> RootTargets::due(MonoTime now) const {
  if (roots_.empty()) return std::nullopt;
  for (const auto& [ns, is_labelled] : labelled_) {
    if (!is_wanted(ns) || is_right(ns)) continue;
    auto later = postponed_.find(ns);
    if (later == postponed_.end() || later->second <= now) return ns;
  }
  return std::nullopt;
}

void RootTargets::written(const std::string& ns, std::string roots) {
  there_[ns] = std::move(roots);
  postponed_.erase(ns);
}

std::string root_config_map(std::string_view roots) {
  std::string text;
  JsonWriter out(text);
  out.begin_object().field("apiVersion", "v1").field("kind", "ConfigMap");
  out.key("metadata").begin_object().field("name", kRootConfigMap);
  out.key("labels").begin_object().field("app.kubernetes.io/managed-by", "heddle").end_object().end_object();
  out.key("data").begin_object().field(kRootFile, roots).end_object().end_object();
  return text;
}
}  // namespace heddle
