// Pieces that the parsers of the routes share, private to lib/config.
#pragma once
#include "lib/config/parse_detail.h"

namespace heddle::detail {
using RuleParser = HttpRouteRule (*)(const JsonReader&, const ResourceKey& route);
std::shared_ptr<const HttpRouteSpec> parse_route(const Envelope&, JsonObject& spec, RuleParser);
// `parentRefs` and `hostnames`, for routes of every kind.
void parse_parents(JsonObject& spec, HttpRouteSpec&);
void parse_hostnames(JsonObject& spec, HttpRouteSpec&);
WeightedBackend parse_backend(const JsonReader&, const std::string& ns);
// Which backend it is, of a backendRef of any sort; its other fields are still to be read.
WeightedBackend parse_backend_ref(JsonObject&, const std::string& ns);
// The object `requestMirror`; reads all of it.
RequestMirror parse_request_mirror(JsonObject, const std::string& ns);
// Limits over all rules, and names that stand twice.
void check_rules_together(const JsonObject& spec, const HttpRouteSpec&);

HttpMatch parse_http_match(const JsonReader&);
HttpMatch parse_grpc_match(const JsonReader&);
size_t regexes_of(const HttpMatch&);
}  // namespace heddle::detail
