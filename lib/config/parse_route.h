// Pieces that the parsers of the routes share, private to lib/config.
#pragma once
#include "lib/config/parse_detail.h"

namespace heddle::detail {
using RuleParser = HttpRouteRule (*)(const JsonReader&, const std::string& ns);
std::shared_ptr<const HttpRouteSpec> parse_route(const Envelope&, JsonObject& spec, RuleParser);
// `parentRefs` and `hostnames`, for routes of every kind.
void parse_parents(JsonObject& spec, HttpRouteSpec&);
void parse_hostnames(JsonObject& spec, HttpRouteSpec&);
WeightedBackend parse_backend(const JsonReader&, const std::string& ns);
// Limits over all rules, and names that stand twice.
void check_rules_together(const JsonObject& spec, const HttpRouteSpec&);

HttpMatch parse_http_match(const JsonReader&);
HttpMatch parse_grpc_match(const JsonReader&);
}  // namespace heddle::detail
