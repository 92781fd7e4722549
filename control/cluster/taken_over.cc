#include "control/cluster/taken_over.h"

#include <algorithm>

#include "control/cluster/cluster_objects.h"

namespace heddle {
namespace {
constexpr std::string_view kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";

bool is_service(const JsonValue& parent) {
  if (text_at(parent, {"kind"}) != "Service") return false;
  std::optional<JsonValue> group = parent.find("group");  // absent: that of Gateways
  return group && (group->as_string() == "" || group->as_string() == "heddle.dev");
}

JsonValue metadata_of(const JsonValue& object) {
  JsonValue out = JsonValue::object();
  for (std::string_view field : {"name", "namespace", "labels", "annotations"}) {
    std::optional<JsonValue> value = object.find({"metadata", field});
    if (value && !value->is_null()) out = out.with({field}, *value);
  }
  return out.find({"annotations", kLastApplied}) ? out.without({"annotations", kLastApplied}) : out;
}
}  // namespace

bool is_route(Kind kind) noexcept {
  return kind == Kind::kHttpRoute || kind == Kind::kGrpcRoute || kind == Kind::kTcpRoute || kind == Kind::kTlsRoute;
}

std::vector<JsonValue> our_parents(const JsonValue& object) {
  std::optional<JsonValue> parents = object.find({"spec", "parentRefs"});
  std::vector<JsonValue> ours;
  for (size_t i = 0; parents && i < parents->size(); ++i) {
    JsonValue parent = parents->at(i);
    bool is_new = std::find(ours.begin(), ours.end(), parent) == ours.end();
    if (is_new && is_service(parent)) ours.push_back(std::move(parent));
  }
  return ours;
}

std::optional<JsonValue> taken_over(Kind kind, const JsonValue& object) {
  std::optional<JsonValue> spec = object.find("spec");
  if (spec && is_route(kind)) {
    std::vector<JsonValue> ours = our_parents(object);
    if (ours.empty()) return std::nullopt;
    spec = spec->with({"parentRefs"}, JsonValue::array(ours));
  }
  JsonValue out = JsonValue::object();
  out = out.with({"apiVersion"}, JsonValue::string(info(kind).api_version));
  out = out.with({"kind"}, JsonValue::string(info(kind).name));
  out = out.with({"metadata"}, metadata_of(object));
  return spec ? out.with({"spec"}, *spec) : out;
}
}  // namespace heddle
