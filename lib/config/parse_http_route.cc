#include "lib/config/parse_route.h"

namespace heddle::detail {
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

HttpRouteRule parse_rule(const JsonReader& at, const ResourceKey& route) {
  JsonObject object = at.object();
  HttpRouteRule out;
  out.name = read_optional_name(object, "name");
  for (const JsonReader& match : object.optional_array("matches", {0, kMaxRuleMatches})) {
    out.matches.push_back(parse_http_match(match));
  }
  if (out.matches.empty()) out.matches.emplace_back();
  parse_rule_filters(object, route, out);
  for (const JsonReader& backend : object.optional_array("backendRefs", {0, kMaxRuleBackends})) {
    out.backends.push_back(parse_backend(backend, route.ns));
  }
  check_rule_filters(object, out);
  out.session = parse_session_persistence(object, out, Kind::kHttpRoute);
  out.timeouts = parse_timeouts(object);
  out.retry = parse_retry(object);
  object.finish();
  return out;
}
}  // namespace

std::shared_ptr<const HttpRouteSpec> parse_http_route(const Envelope& envelope, JsonObject& spec) {
  return parse_route(envelope, spec, parse_rule);
}
}  // namespace heddle::detail
