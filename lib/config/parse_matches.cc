#include <algorithm>
#include <set>

#include "lib/base/strings.h"
#include "lib/config/parse_route.h"

namespace heddle::detail {
namespace {
constexpr std::string_view kMethods[] = {"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                         "CONNECT", "OPTIONS", "TRACE", "PATCH"};
constexpr EnumName<PathMatchType> kPathTypes[] = {{"Exact", PathMatchType::kExact},
                                                  {"PathPrefix", PathMatchType::kPrefix},
                                                  {"RegularExpression", PathMatchType::kRegex}};
constexpr EnumName<bool> kIsRegex[] = {{"Exact", false}, {"RegularExpression", true}};
constexpr SizeRange kMethodName{1, 1024};  // and of a service: the Gateway API's

Regex compile(const JsonObject& object, std::string_view field, std::string_view pattern) {
  if (pattern.empty()) return {};
  Result<Regex> made = Regex::compile(pattern);
  if (made) return *made;
  object.problem(field, made.error().detail);
  return {};
}

PathMatch parse_path(JsonObject& match) {
  PathMatch out;
  std::optional<JsonObject> path = match.optional_object("path");
  if (!path) return out;
  out.type = path->optional_one_of("type", kPathTypes).value_or(PathMatchType::kPrefix);
  std::optional<std::string> value = path->optional_string("value", {1, kMaxPathValue});
  path->finish();
  if (value) out.value = std::move(*value);
  if (out.type == PathMatchType::kRegex) {
    out.regex = compile(*path, "value", out.value);
  } else if (std::string_view mistake = path_mistake(out.value); !mistake.empty()) {
    path->problem("value", std::string(mistake));
  }
  return out;
}

NameValueMatch parse_name_value(const JsonReader& at, size_t max_value) {
  JsonObject object = at.object();
  NameValueMatch out;
  bool is_regex = object.optional_one_of("type", kIsRegex).value_or(false);
  out.name = object.string("name", {1, 256});
  out.value = object.string("value", {1, max_value});
  object.finish();
  if (is_regex) out.regex = compile(object, "value", out.value);
  return out;
}

// Of equal names the first counts (Gateway API).
void add_first(std::vector<NameValueMatch>& list, NameValueMatch match) {
  bool known = std::any_of(list.begin(), list.end(), [&](const NameValueMatch& m) { return m.name == match.name; });
  if (!known) list.push_back(std::move(match));
}

void parse_headers(JsonObject& object, MatchConditions& out) {
  for (const JsonReader& header : object.optional_array("headers", {0, kMaxMatchFields})) {
    NameValueMatch match = parse_name_value(header, 4096);
    if (!match.name.empty() && !is_token(match.name)) header.problem("name is not a header name");
    match.name = to_lower(match.name);
    if (is_internal_field(match.name)) header.problem("name is a header that sidecars remove from every request");
    add_first(out.headers, std::move(match));
  }
}

MatchConditions parse_conditions(JsonObject& object) {
  MatchConditions out;
  out.method = object.optional_string("method").value_or("");
  if (!out.method.empty() && std::find(std::begin(kMethods), std::end(kMethods), out.method) == std::end(kMethods)) {
    object.problem("method", str_cat(in_quotes(out.method),
                                     " is not one of GET, HEAD, POST, PUT, DELETE, CONNECT, "
                                     "OPTIONS, TRACE, PATCH"));
  }
  parse_headers(object, out);
  for (const JsonReader& query : object.optional_array("queryParams", {0, kMaxMatchFields})) {
    add_first(out.query, parse_name_value(query, 1024));
  }
  return out;
}

// A word of a proto file: letters, digits and '_', no digit first.
bool is_proto_word(std::string_view text) noexcept {
  auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  auto fits = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); };
  return !text.empty() && is_letter(text.front()) && std::all_of(text.begin(), text.end(), fits);
}

// Such words joined by '.', perhaps behind one (Gateway API).
bool is_proto_service(std::string_view text) noexcept {
  if (text.starts_with('.')) text.remove_prefix(1);
  std::vector<std::string_view> words = split(text, '.');
  return std::all_of(words.begin(), words.end(), is_proto_word);
}

void check_exact(const JsonObject& object, const GrpcMethodMatch& match) {
  if (!match.service.empty() && !is_proto_service(match.service)) {
    object.problem("service",
                   str_cat(in_quotes(match.service), " is not the name of a gRPC service, as shop.v1.Carts"));
  }
  if (!match.method.empty() && !is_proto_word(match.method)) {
    object.problem("method", str_cat(in_quotes(match.method), " is not the name of a gRPC method, as GetCart"));
  }
}

// Each part must be an expression by itself and end with itself: they become one, see path_pattern().
void check_part(const JsonObject& object, std::string_view field, const std::string& pattern) {
  if (pattern.find("\\Q") != std::string::npos) object.problem(field, "must not quote with \\Q");
  compile(object, field, pattern);
}

GrpcMethodMatch parse_method(JsonObject& match) {
  GrpcMethodMatch out;
  std::optional<JsonObject> object = match.optional_object("method");
  if (!object) return out;
  out.is_regex = object->optional_one_of("type", kIsRegex).value_or(false);
  out.service = object->optional_string("service", kMethodName).value_or("");
  out.method = object->optional_string("method", kMethodName).value_or("");
  bool names_none = object->value().is_object() && !object->has("service") && !object->has("method");
  if (names_none) object->problem("", "service or method is required");
  object->finish();
  if (!out.is_regex) check_exact(*object, out);
  if (out.is_regex) check_part(*object, "service", out.service);
  if (out.is_regex) check_part(*object, "method", out.method);
  return out;
}

std::string path_pattern(const GrpcMethodMatch& match) {
  constexpr std::string_view kAny = "[^/]+";
  auto part = [&](const std::string& text) { return text.empty() ? std::string(kAny) : str_cat("(?:", text, ")"); };
  return str_cat("/", part(match.service), "/", part(match.method));
}

// The path of a call is "/service/method" (gRPC over HTTP/2).
PathMatch path_of(const JsonObject& object, const GrpcMethodMatch& match) {
  bool is_service = !match.service.empty();
  bool is_method = !match.method.empty();
  if (!is_service && !is_method) return {};
  if (!match.is_regex && is_service) {
    return is_method ? PathMatch{PathMatchType::kExact, str_cat("/", match.service, "/", match.method)}
                     : PathMatch{PathMatchType::kPrefix, str_cat("/", match.service)};
  }
  PathMatch out{PathMatchType::kRegex, path_pattern(match)};
  Result<Regex> made = Regex::compile(out.value);
  if (made) out.regex = *made;
  if (!made && object.is_object()) object.problem("method", made.error().detail);
  return out;
}
}  // namespace

size_t regexes_of(const HttpMatch& match) {
  auto is_regex = [](const NameValueMatch& m) { return static_cast<bool>(m.regex); };
  const MatchConditions& conditions = *match.conditions;
  auto count = std::count_if(conditions.headers.begin(), conditions.headers.end(), is_regex) +
               std::count_if(conditions.query.begin(), conditions.query.end(), is_regex);
  return static_cast<size_t>(count) + (match.path.regex ? 1 : 0);
}

HttpMatch parse_http_match(const JsonReader& at) {
  JsonObject object = at.object();
  PathMatch path = parse_path(object);
  HttpMatch out{std::move(path), Rare<MatchConditions>(parse_conditions(object))};
  object.finish();
  return out;
}

HttpMatch parse_grpc_match(const JsonReader& at) {
  JsonObject object = at.object();
  GrpcMethodMatch method = parse_method(object);
  MatchConditions conditions;
  parse_headers(object, conditions);
  object.finish();
  PathMatch path = path_of(object, method);
  return {std::move(path), Rare<MatchConditions>(std::move(conditions)), Rare<GrpcMethodMatch>(std::move(method))};
}

void check_rules_together(const JsonObject& spec, const HttpRouteSpec& route) {
  size_t matches = 0;
  size_t regexes = 0;
  std::set<std::string_view> names;
  for (const HttpRouteRule& rule : route.rules) {
    matches += rule.matches.size();
    for (const HttpMatch& match : rule.matches) regexes += regexes_of(match);
    if (rule.name.empty() || names.insert(rule.name).second) continue;
    spec.problem("rules", str_cat("have the name ", in_quotes(rule.name), " twice"));
  }
  if (matches > kMaxRouteMatches) spec.problem("rules", "have more than 128 matches together");
  if (regexes > kMaxRouteRegexes) spec.problem("rules", "have more than 64 regular expressions together");
}
}  // namespace heddle::detail
