// GRPCRoute: a method is the path "/service/method", so that the rest of Heddle knows one sort of rules.
#include "lib/config/parse_route.h"

namespace heddle::detail {
namespace {
HttpRouteRule parse_rule(const JsonReader& at, const ResourceKey& route) {
  JsonObject object = at.object();
  HttpRouteRule out;
  out.name = read_optional_name(object, "name");
  for (const JsonReader& match : object.optional_array("matches", {0, kMaxRuleMatches})) {
    out.matches.push_back(parse_grpc_match(match));
  }
  if (out.matches.empty()) out.matches.emplace_back();
  parse_rule_filters(object, route, out);
  for (const JsonReader& backend : object.array("backendRefs", {1, kMaxRuleBackends})) {
    out.backends.push_back(parse_backend(backend, route.ns));
  }
  out.session = parse_session_persistence(object, out, Kind::kGrpcRoute);
  object.finish();
  return out;
}
}  // namespace

std::shared_ptr<const HttpRouteSpec> parse_grpc_route(const Envelope& envelope, JsonObject& spec) {
  return parse_route(envelope, spec, parse_rule);
}
}  // namespace heddle::detail
