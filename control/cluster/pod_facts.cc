#include "control/cluster/pod_facts.h"

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kWeightAnnotation = "heddle.dev/weight";
constexpr std::string_view kProxyContainer = "heddle-proxy";
constexpr std::string_view kMode = "HEDDLE_MODE";

std::optional<JsonValue> named(const JsonValue& object, JsonValue::Path list, std::string_view name) {
  std::optional<JsonValue> all = object.find(list);
  for (size_t i = 0; all && i < all->size(); ++i) {
    if (text_at(all->at(i), {"name"}) == name) return all->at(i);
  }
  return std::nullopt;
}

std::optional<JsonValue> proxy_of(const JsonValue& pod) {
  std::optional<JsonValue> found = named(pod, {"spec", "containers"}, kProxyContainer);
  return found ? found : named(pod, {"spec", "initContainers"}, kProxyContainer);
}

bool is_explicit(const JsonValue& proxy) {
  std::optional<JsonValue> mode = named(proxy, {"env"}, kMode);
  return mode && text_at(*mode, {"value"}) == "explicit";
}

JsonValue proxy_essentials(const JsonValue& proxy) {
  JsonValue out = JsonValue::object().with({"name"}, JsonValue::string(kProxyContainer));
  if (!is_explicit(proxy)) return out;
  const JsonValue mode[] = {
      JsonValue::object().with({"name"}, JsonValue::string(kMode)).with({"value"}, JsonValue::string("explicit"))};
  return out.with({"env"}, JsonValue::array(mode));
}

Labels read_labels(const JsonValue& pod) {
  Labels out;
  std::optional<JsonValue> labels = pod.find({"metadata", "labels"});
  if (!labels) return out;
  for (std::string_view key : labels->keys()) {
    std::optional<JsonValue> value = labels->find(key);
    if (value->is_string()) out.emplace(key, *value->as_string());
  }
  return out;
}

void read_weight(const JsonValue& pod, PodFacts& out) {
  std::optional<std::string> said = annotation(pod, "weight");
  if (!said) return;
  out.weight = read_endpoint_weight(*said);
  if (!out.weight) out.wrong_weight = in_quotes(*said);
}
}  // namespace

std::optional<uint32_t> read_endpoint_weight(std::string_view text) {
  std::optional<uint32_t> weight = parse_int<uint32_t>(text);
  return weight && *weight <= kMaxWeight ? weight : std::nullopt;
}

JsonValue pod_essentials(const JsonValue& pod) {
  JsonValue out = JsonValue::object();
  for (std::string_view field : {"name", "namespace", "uid", "deletionTimestamp", "labels"}) {
    if (auto value = pod.find({"metadata", field})) out = out.with({"metadata", field}, *value);
  }
  if (auto weight = pod.find({"metadata", "annotations", kWeightAnnotation})) {
    out = out.with({"metadata", "annotations", kWeightAnnotation}, *weight);
  }
  for (std::string_view field : {"serviceAccountName", "nodeName"}) {
    if (auto value = pod.find({"spec", field})) out = out.with({"spec", field}, *value);
  }
  std::optional<JsonValue> found = proxy_of(pod);
  if (!found) return out;
  const JsonValue proxy[] = {proxy_essentials(*found)};
  return out.with({"spec", "containers"}, JsonValue::array(proxy));
}

PodFacts read_pod(const JsonValue& pod) {
  PodFacts out;
  out.ref = {std::string(text_at(pod, {"metadata", "namespace"})), std::string(text_at(pod, {"metadata", "name"}))};
  out.service_account = text_at(pod, {"spec", "serviceAccountName"});
  if (out.service_account.empty()) out.service_account = "default";
  out.uid = text_at(pod, {"metadata", "uid"});
  out.node = text_at(pod, {"spec", "nodeName"});
  std::optional<JsonValue> proxy = proxy_of(pod);
  out.is_meshed = proxy.has_value();
  out.is_explicit = proxy && is_explicit(*proxy);
  out.is_leaving = !text_at(pod, {"metadata", "deletionTimestamp"}).empty();
  out.labels = read_labels(pod);
  read_weight(pod, out);
  return out;
}
}  // namespace heddle
