// Filters of HTTPRoutes and GRPCRoutes as their authors write them: Gateway API v1 (of a rule and of a backendRef) and
// our own kind HTTPRouteFilter, which a rule names by `extensionRef`. Parsed and checked by parse_route_filters.cc and
// parse_http_route_filter.cc; lib/routing/route_filters.h says what becomes of a request. Pure values, immutable once
// parsed. Names of fields are lower case. Limits: docs/resources/http-route.md.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "lib/api/resource.h"
#include "lib/base/clock.h"

namespace heddle {
struct FieldText {
  std::string name;
  std::string value;
  bool operator==(const FieldText&) const = default;
};

// In this order: set, add, remove.
struct HeaderModifier {
  std::vector<FieldText> set;  // replaces every field of that name
  std::vector<FieldText> add;
  std::vector<std::string> remove;
  bool operator==(const HeaderModifier&) const = default;
};

enum class PathChange : uint8_t { kReplaceFull, kReplacePrefix };
struct PathModifier {
  PathChange change = PathChange::kReplaceFull;
  std::string value;  // a path; of kReplacePrefix it may be empty
  bool operator==(const PathModifier&) const = default;
};

struct RequestRedirect {
  std::string scheme;    // "http", "https"; empty: the request's
  std::string hostname;  // empty: the request's
  std::optional<PathModifier> path;
  std::optional<uint16_t> port;
  uint16_t status = 302;
  bool operator==(const RequestRedirect&) const = default;
};

struct UrlRewrite {
  std::string hostname;  // empty: stays
  std::optional<PathModifier> path;
  bool operator==(const UrlRewrite&) const = default;
};

// scheme://host[:port] with the port filled in; the host is "*", "*.example.com" or a name.
struct CorsOrigin {
  std::string scheme;
  std::string host;
  uint16_t port = 0;
  bool operator==(const CorsOrigin&) const = default;
};
struct CorsFilter {
  bool any_origin = false;  // "*", and then the only one
  std::vector<CorsOrigin> origins;
  bool credentials = false;
  std::vector<std::string> methods;  // of these three "*" is the only one where it stands
  std::vector<std::string> headers;
  std::vector<std::string> expose;
  uint32_t max_age = 5;  // seconds
  bool operator==(const CorsFilter&) const = default;
};

// What a rule says, but for RequestMirror, which names a backend (model.h). Each at most once.
struct RuleFilters {
  std::optional<HeaderModifier> request;
  std::optional<HeaderModifier> response;
  std::optional<RequestRedirect> redirect;
  std::optional<UrlRewrite> rewrite;
  std::optional<CorsFilter> cors;
  std::string extension;  // name of an HTTPRouteFilter in the namespace of the route; empty: none
  bool operator==(const RuleFilters&) const = default;
};
// What a backendRef says: for the requests that go there.
struct BackendFilters {
  std::optional<HeaderModifier> request;
  std::optional<HeaderModifier> response;
  bool operator==(const BackendFilters&) const = default;
};

// --- HTTPRouteFilter ---
struct DirectResponse {
  uint16_t status = 200;
  std::string body;
  std::string content_type;  // empty without a body
};
struct FaultDelay {
  Duration duration{};
  double percent = 100;
};
struct FaultAbort {
  uint16_t status = 503;    // for HTTP
  uint8_t grpc_status = 0;  // for gRPC; one of the two was written, the other derived
  double percent = 100;
};
struct FaultSpec {
  std::optional<FaultDelay> delay;
  std::optional<FaultAbort> abort;
  std::vector<FieldText> headers;  // only requests that carry all of these
};
struct HttpRouteFilterSpec {
  ResourceKey key;
  std::optional<DirectResponse> direct_response;
  std::optional<FaultSpec> fault;
};

inline constexpr size_t kMaxRuleFilters = 16;
inline constexpr size_t kMaxRuleMirrors = 4;
inline constexpr size_t kMaxModifiedFields = 16;   // of each of set, add, remove
inline constexpr size_t kMaxModifierBytes = 8192;  // names and values of set and add together
inline constexpr size_t kMaxCorsEntries = 64;      // of origins, request and exposed headers each
inline constexpr size_t kMaxDirectBody = 4096;
inline constexpr Duration kMaxFaultDelay = 60s;
}  // namespace heddle
