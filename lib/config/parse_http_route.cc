#include <algorithm>

#include "lib/base/strings.h"
#include "lib/config/parse_route.h"

namespace heddle::detail {
namespace {
std::optional<BackendKind> parse_backend_kind(JsonObject& object) {
  std::string group = object.optional_string("group").value_or("");
  std::string kind = object.optional_string("kind").value_or("Service");
  if (kind == "BackendSet" && group == "heddle.dev") return BackendKind::kBackendSet;
  if (kind == "Service" && (group.empty() || group == "heddle.dev")) return BackendKind::kService;
  object.problem("kind",
                 str_cat(quoted(kind), " of group ", quoted(group),
                         " is no backend; expected Service of group \"\" or BackendSet of group \"heddle.dev\""));
  return std::nullopt;
}

}  // namespace

WeightedBackend parse_backend(const JsonReader& at, const std::string& ns) {
  JsonObject object = at.object();
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
  out.weight = static_cast<uint32_t>(object.optional_integer("weight", {0, kMaxWeight}).value_or(1));
  out.filters = parse_backend_filters(object);
  object.finish();
  return out;
}

namespace {
RouteTimeouts parse_timeouts(JsonObject& rule) {
  RouteTimeouts out;
  std::optional<JsonObject> timeouts = rule.optional_object("timeouts");
  if (!timeouts) return out;
  out.request = timeouts->optional_duration("request");
  out.backend_request = timeouts->optional_duration("backendRequest");
  timeouts->finish();
  bool limited = out.request && *out.request > Duration(0);
  if (limited && out.backend_request && *out.backend_request > *out.request) {
    timeouts->problem("backendRequest", "must not be longer than request");
  }
  return out;
}

HttpRouteRule parse_rule(const JsonReader& at, const std::string& ns) {
  JsonObject object = at.object();
  HttpRouteRule out;
  out.name = read_optional_name(object, "name");
  for (const JsonReader& match : object.optional_array("matches", {0, kMaxRuleMatches})) {
    out.matches.push_back(parse_http_match(match));
  }
  if (out.matches.empty()) out.matches.emplace_back();
  out.filters = parse_rule_filters(object, out.matches);
  object.refuse("sessionPersistence", "session persistence is not supported");
  for (const JsonReader& backend : object.optional_array("backendRefs", {0, kMaxRuleBackends})) {
    out.backends.push_back(parse_backend(backend, ns));
  }
  check_rule_filters(object, out);
  out.timeouts = parse_timeouts(object);
  out.retry = parse_retry(object);
  object.finish();
  return out;
}

ParentRef parse_parent(const JsonReader& at, const std::string& ns) {
  JsonObject object = at.object();
  ParentRef out;
  std::string group = object.optional_string("group").value_or("gateway.networking.k8s.io");
  std::string kind = object.optional_string("kind").value_or("Gateway");
  if (kind != "Service" || (!group.empty() && group != "heddle.dev")) {
    object.unsupported("kind", str_cat(quoted(kind), " of group ", quoted(group),
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

void parse_parents(JsonObject& spec, HttpRouteSpec& out) {
  for (const JsonReader& at : spec.array("parentRefs", {1, kMaxRouteParents})) {
    ParentRef parent = parse_parent(at, out.key.ns);
    auto same = [&](const ParentRef& p) { return p.service == parent.service && p.port == parent.port; };
    if (std::any_of(out.parents.begin(), out.parents.end(), same)) at.problem("the same parent stands twice");
    out.parents.push_back(std::move(parent));
  }
}
}  // namespace

bool is_internal_field(std::string_view name) noexcept {
  constexpr std::string_view kPrefixes[] = {"heddle-", "x-heddle-", "x-mesh-", "l5d-"};
  return name == "x-forwarded-client-cert" ||
         std::any_of(std::begin(kPrefixes), std::end(kPrefixes), [&](auto prefix) { return name.starts_with(prefix); });
}

bool is_token(std::string_view text) noexcept {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  auto is_token_char = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOthers.find(c) != kOthers.npos;
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

// The Gateway API's CEL rules, and no '?': a value that is not its own normal form would never match.
std::string_view path_mistake(std::string_view path) noexcept {
  if (!path.starts_with('/')) return "must begin with '/'";
  for (std::string_view bad : {"//", "/./", "/../", "%2f", "%2F", "#", "?", "\\", "%5c", "%5C", "%00"}) {
    if (path.find(bad) != std::string_view::npos) return "must not contain any of // /./ /../ %2f %5c %00 # ? \\";
  }
  if (path.ends_with("/.") || path.ends_with("/..")) return "must not end in /. or /..";
  bool printable = std::all_of(path.begin(), path.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  return printable ? std::string_view() : "must be printable ASCII without spaces; percent-encode the rest";
}

namespace {
void parse_hostnames(JsonObject& spec, HttpRouteSpec& out) {
  for (const JsonReader& at : spec.optional_array("hostnames", {0, kMaxRouteHostnames})) {
    std::string_view host = at.string({1, 253}).value_or("");
    std::string_view plain = host.starts_with("*.") ? host.substr(2) : host;
    if (!host.empty() && !is_dns_name(plain)) at.problem(str_cat(quoted(host), " is not a host name"));
    out.hostnames.emplace_back(host);
  }
}
}  // namespace

std::shared_ptr<const HttpRouteSpec> parse_route(const Envelope& envelope, JsonObject& spec, RuleParser parse) {
  auto out = std::make_shared<HttpRouteSpec>();
  out->key = envelope.key;
  out->created = envelope.metadata.created;
  parse_parents(spec, *out);
  parse_hostnames(spec, *out);
  for (const JsonReader& at : spec.array("rules", {1, kMaxRouteRules})) {
    out->rules.push_back(parse(at, out->key.ns));
  }
  out->rules.shrink_to_fit();
  check_rules_together(spec, *out);
  return out;
}

std::shared_ptr<const HttpRouteSpec> parse_http_route(const Envelope& envelope, JsonObject& spec) {
  return parse_route(envelope, spec, parse_rule);
}
}  // namespace heddle::detail
