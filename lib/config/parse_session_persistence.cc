#include <algorithm>
#include <iterator>

#include "lib/base/strings.h"
#include "lib/config/parse_detail.h"

namespace heddle {
std::string_view to_text(SessionType type) noexcept {
  if (type == SessionType::kNone) return "none";
  return type == SessionType::kCookie ? "Cookie" : "Header";
}
}  // namespace heddle

namespace heddle::detail {
namespace {
constexpr EnumName<SessionType> kTypes[] = {{"Cookie", SessionType::kCookie}, {"Header", SessionType::kHeader}};
constexpr EnumName<bool> kLifetimes[] = {{"Session", false}, {"Permanent", true}};

// What servers, clients and proxies read something else from.
bool has_meaning(std::string_view name) noexcept {
  constexpr std::string_view kNames[] = {
      "accept",        "age",         "allow",    "alt-svc",      "authorization", "cache-control", "cookie",
      "date",          "etag",        "expect",   "expires",      "forwarded",     "from",          "host",
      "last-modified", "link",        "location", "max-forwards", "origin",        "pragma",        "range",
      "referer",       "retry-after", "server",   "set-cookie",   "traceparent",   "tracestate",    "user-agent",
      "vary",          "via",         "warning",  "x-request-id"};
  constexpr std::string_view kPrefixes[] = {"accept-", "access-control-", "content-", "grpc-",       "if-", "proxy-",
                                            "sec-",    "strict-",         "www-",     "x-forwarded-"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames) ||
         std::any_of(std::begin(kPrefixes), std::end(kPrefixes), [&](auto prefix) { return name.starts_with(prefix); });
}

// Browsers take such names only with attributes that we do not set (RFC 6265bis §4.1.3).
std::string_view cookie_mistake(std::string_view name) noexcept {
  if (!is_token(name)) return "is not the name of a cookie";
  for (std::string_view prefix : {"__host-", "__secure-"}) {
    if (equals_ignore_case(name.substr(0, prefix.size()), prefix)) return "begins as only cookies with Secure may";
  }
  return {};
}

// gRPC: keys are of these letters, and "-bin" announces base64.
bool is_metadata_key(std::string_view name) noexcept {
  auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  };
  return std::all_of(name.begin(), name.end(), fits) && !name.ends_with("-bin");
}

std::string_view header_mistake(std::string_view name, Kind of_route) noexcept {
  if (has_meaning(name)) return "is a field that means something else; choose a name of its own";
  for (FieldOwner owner : {FieldOwner::kRequest, FieldOwner::kResponse}) {
    if (std::string_view mistake = field_mistake(name, owner); !mistake.empty()) return mistake;
  }
  if (of_route == Kind::kGrpcRoute && !is_metadata_key(name)) return "is no key of gRPC metadata for text";
  return {};
}

std::string parse_session_name(JsonObject& object, SessionType type, Kind of_route) {
  std::string name = object.optional_string("sessionName", {1, kMaxSessionName}).value_or("");
  if (name.empty()) return name;
  if (type == SessionType::kHeader) name = to_lower(name);
  std::string_view mistake = type == SessionType::kHeader ? header_mistake(name, of_route) : cookie_mistake(name);
  if (!mistake.empty()) object.problem("sessionName", str_cat(in_quotes(name), " ", mistake));
  return name;
}

std::optional<Duration> parse_session_time(JsonObject& object, std::string_view field) {
  std::optional<Duration> out = object.optional_duration(field, {1s, kMaxSessionTime});
  if (out && *out % 1s != Duration{}) object.problem(field, "must be whole seconds");
  return out;
}

bool parse_lifetime(JsonObject& object, SessionType type) {
  std::optional<JsonObject> config = object.optional_object("cookieConfig");
  if (!config) return false;
  if (type == SessionType::kHeader) object.problem("cookieConfig", "means nothing beside type Header");
  bool is_permanent = config->optional_one_of("lifetimeType", kLifetimes).value_or(false);
  config->finish();
  return is_permanent;
}
}  // namespace

Rare<SessionPersistenceSpec> parse_session_persistence(JsonObject& rule, const HttpRouteRule& so_far, Kind of_route) {
  std::optional<JsonObject> object = rule.optional_object("sessionPersistence");
  if (!object) return {};
  SessionPersistenceSpec out;
  out.type = object->optional_one_of("type", kTypes).value_or(SessionType::kCookie);
  out.name = parse_session_name(*object, out.type, of_route);
  out.absolute = parse_session_time(*object, "absoluteTimeout");
  out.idle = parse_session_time(*object, "idleTimeout");
  out.permanent = parse_lifetime(*object, out.type);
  if (out.permanent && !object->has("absoluteTimeout")) {
    object->problem("absoluteTimeout", "is required where cookieConfig.lifetimeType is Permanent");
  }
  object->finish();
  if (so_far.backends.empty()) rule.problem("sessionPersistence", "means nothing without backendRefs");
  return Rare<SessionPersistenceSpec>(std::move(out));
}
}  // namespace heddle::detail
