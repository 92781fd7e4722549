// What routes have in common: parents, host names, backends.
#include <algorithm>

#include "lib/base/strings.h"
#include "lib/config/parse_route.h"
#include "lib/config/unresolved.h"

namespace heddle::detail {
namespace {
std::optional<BackendKind> parse_backend_kind(JsonObject& object) {
  std::string group = object.optional_string("group").value_or("");
  std::string kind = object.optional_string("kind").value_or("Service");
  if (kind == "BackendSet" && group == "heddle.dev") return BackendKind::kBackendSet;
  if (kind == "Service" && (group.empty() || group == "heddle.dev")) return BackendKind::kService;
  object.problem("kind",
                 str_cat(in_quotes(kind), " of group ", in_quotes(group),
                         " is no backend; expected Service of group \"\" or BackendSet of group \"heddle.dev\""));
  return std::nullopt;
}

// What it was meant to be is not judged: that is what `unresolved` is about.
WeightedBackend parse_unresolved(JsonObject& object) {
  for (std::string_view field : {"group", "kind", "name", "namespace"}) object.optional_string(field);
  object.optional_integer("port");
  return unresolved_backend(object.string("unresolved", {1, kMaxUnresolved}));
}

ParentRef parse_parent(const JsonReader& at, const std::string& ns) {
  JsonObject object = at.object();
  ParentRef out;
  std::string group = object.optional_string("group").value_or("gateway.networking.k8s.io");
  std::string kind = object.optional_string("kind").value_or("Gateway");
  if (kind != "Service" || (!group.empty() && group != "heddle.dev")) {
    object.unsupported("kind", str_cat(in_quotes(kind), " of group ", in_quotes(group),
                                       " is no parent here; expected kind Service of group \"\" or \"heddle.dev\""));
  }
  out.service.name = read_name(object, "name");
  out.service.ns = read_optional_name(object, "namespace");
  if (out.service.ns.empty()) out.service.ns = ns;
  out.port = read_optional_port(object, "port");
  object.refuse("sectionName", "sectionName is not supported; use port");
  object.finish();
  return out;
}
}  // namespace

void parse_parents(JsonObject& spec, HttpRouteSpec& out) {
  for (const JsonReader& at : spec.array("parentRefs", {1, kMaxRouteParents})) {
    ParentRef parent = parse_parent(at, out.key.ns);
    auto same = [&](const ParentRef& p) { return p.service == parent.service && p.port == parent.port; };
    if (std::any_of(out.parents.begin(), out.parents.end(), same)) at.problem("the same parent stands twice");
    out.parents.push_back(std::move(parent));
  }
}

void parse_hostnames(JsonObject& spec, HttpRouteSpec& out) {
  for (const JsonReader& at : spec.optional_array("hostnames", {0, kMaxRouteHostnames})) {
    std::string_view host = at.string({1, 253}).value_or("");
    std::string_view plain = host.starts_with("*.") ? host.substr(2) : host;
    if (!host.empty() && !is_dns_name(plain)) at.problem(str_cat(in_quotes(host), " is not a host name"));
    out.hostnames.emplace_back(host);
  }
}

WeightedBackend parse_backend_ref(JsonObject& object, const std::string& ns) {
  WeightedBackend out;
  std::optional<BackendKind> kind = parse_backend_kind(object);
  out.kind = kind.value_or(BackendKind::kBackendSet);
  out.ref.name = read_name(object, "name");
  out.ref.ns = read_optional_name(object, "namespace");
  if (out.ref.ns.empty()) out.ref.ns = ns;
  std::optional<uint16_t> port = read_optional_port(object, "port");
  if (kind == BackendKind::kService && !object.has("port")) object.problem("port", "is required for a Service");
  if (kind == BackendKind::kBackendSet && port) object.problem("port", "means nothing for a BackendSet; leave it out");
  out.port = port.value_or(0);
  return out;
}

WeightedBackend parse_backend(const JsonReader& at, const std::string& ns) {
  JsonObject object = at.object();
  WeightedBackend out = object.has("unresolved") ? parse_unresolved(object) : parse_backend_ref(object, ns);
  out.weight = static_cast<uint32_t>(object.optional_integer("weight", {0, kMaxWeight}).value_or(1));
  out.filters = parse_backend_filters(object);
  object.finish();
  return out;
}

std::shared_ptr<const HttpRouteSpec> parse_route(const Envelope& envelope, JsonObject& spec, RuleParser parse) {
  auto out = std::make_shared<HttpRouteSpec>();
  out->key = envelope.key;
  out->created = envelope.metadata.created;
  parse_parents(spec, *out);
  parse_hostnames(spec, *out);
  for (const JsonReader& at : spec.array("rules", {1, kMaxRouteRules})) {
    out->rules.push_back(parse(at, out->key));
  }
  out->rules.shrink_to_fit();
  check_rules_together(spec, *out);
  return out;
}
}  // namespace heddle::detail
