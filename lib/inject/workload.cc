#include "lib/inject/workload.h"

#include "lib/base/strings.h"

namespace heddle {
namespace {
std::string_view text_of(const JsonValue& object, JsonValue::Path path) {
  std::optional<JsonValue> found = object.find(path);
  return found ? found->as_string().value_or("") : "";
}

enum class Place : uint8_t { kNone, kSelf, kTemplate, kJobTemplate, kItems };

Place place_of(const JsonValue& object) {
  std::string_view kind = text_of(object, {"kind"});
  if (kind == "Pod") return Place::kSelf;
  if (kind == "CronJob") return Place::kJobTemplate;
  if (kind == "List") return Place::kItems;
  constexpr std::string_view kTemplated[] = {"Deployment", "ReplicaSet", "StatefulSet",
                                             "DaemonSet",  "Job",        "ReplicationController"};
  for (std::string_view one : kTemplated) {
    if (kind == one) return Place::kTemplate;
  }
  return Place::kNone;
}

std::optional<JsonValue> pod_of(const JsonValue& object, Place place) {
  if (place == Place::kSelf) return object;
  if (place == Place::kTemplate) return object.find({"spec", "template"});
  return object.find({"spec", "jobTemplate", "spec", "template"});
}

JsonValue with_pod(const JsonValue& object, Place place, const JsonValue& pod) {
  if (place == Place::kSelf) return pod;
  if (place == Place::kTemplate) return object.with({"spec", "template"}, pod);
  return object.with({"spec", "jobTemplate", "spec", "template"}, pod);
}

template <class Change>
JsonValue with_items(const JsonValue& list, Change change) {
  std::optional<JsonValue> items = list.find("items");
  if (!items) return list;
  std::vector<JsonValue> out;
  for (size_t i = 0; i < items->size(); ++i) out.push_back(change(items->at(i)));
  return list.with({"items"}, JsonValue::array(out));
}

void name_all(const JsonValue& object, const std::vector<std::string>& from, std::vector<std::string>& into) {
  for (const std::string& one : from) {
    into.push_back(str_cat(text_of(object, {"kind"}), " ", text_of(object, {"metadata", "name"}), ": ", one));
  }
}
}  // namespace

WorkloadInjection inject_workload(const JsonValue& object, const InjectSettings& settings) {
  WorkloadInjection out;
  out.object = object;
  Place place = place_of(object);
  if (place == Place::kNone) return out;
  if (place == Place::kItems) {
    out.object = with_items(object, [&](const JsonValue& item) {
      WorkloadInjection one = inject_workload(item, settings);
      out.injected += one.injected;
      for (std::string& text : one.problems) out.problems.push_back(std::move(text));
      for (std::string& text : one.warnings) out.warnings.push_back(std::move(text));
      return one.object;
    });
    return out;
  }
  std::optional<JsonValue> pod = pod_of(object, place);
  if (!pod) return out;
  Injection injection = inject({*pod, {}, true}, settings);
  name_all(object, injection.problems, out.problems);
  name_all(object, injection.warnings, out.warnings);
  if (injection.result != InjectResult::kInjected) return out;
  out.injected = 1;
  out.object = with_pod(object, place, injection.pod);
  return out;
}

JsonValue uninject_workload(const JsonValue& object) {
  Place place = place_of(object);
  if (place == Place::kNone) return object;
  if (place == Place::kItems) return with_items(object, uninject_workload);
  std::optional<JsonValue> pod = pod_of(object, place);
  return pod ? with_pod(object, place, uninject(*pod)) : object;
}
}  // namespace heddle
