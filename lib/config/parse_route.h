// Pieces that the parsers of HTTPRoute and GRPCRoute share, private to lib/config.
#pragma once
#include "lib/config/parse_detail.h"

namespace heddle::detail {
void parse_parents(JsonObject& spec, HttpRouteSpec&);
void parse_hostnames(JsonObject& spec, HttpRouteSpec&);
WeightedBackend parse_backend(const JsonReader&, const std::string& ns);
// Limits over all rules, and names that stand twice.
void check_rules_together(const JsonObject& spec, const HttpRouteSpec&);

HttpMatch parse_http_match(const JsonReader&);
HttpMatch parse_grpc_match(const JsonReader&);
}  // namespace heddle::detail
