// The CORS filter (Gateway API v1, GEP-1767; the Fetch standard).
#include <algorithm>

#include "lib/base/strings.h"
#include "lib/config/parse_detail.h"

namespace heddle::detail {
namespace {
constexpr std::string_view kMethods[] = {"GET",     "HEAD",    "POST",  "PUT",   "DELETE",
                                         "CONNECT", "OPTIONS", "TRACE", "PATCH", "*"};
constexpr size_t kMaxMethods = 9;
constexpr size_t kMaxOrigin = 253;
constexpr int64_t kMaxAge = 86'400;  // s: browsers take no more than a day

// "*" and what else stands beside it.
void check_star(const JsonObject& filter, std::string_view field, const std::vector<std::string>& values) {
  bool has_star = std::find(values.begin(), values.end(), "*") != values.end();
  if (has_star && values.size() > 1) filter.problem(field, "have \"*\" and others beside it");
}

// A wildcard takes any number of labels to its left: "*", or "*." before a name.
bool is_origin_host(std::string_view host) {
  if (host == "*") return true;
  return is_dns_name(host.starts_with("*.") ? host.substr(2) : host);
}

std::optional<CorsOrigin> read_origin(std::string_view text) {
  CorsOrigin out;
  size_t end = text.find("://");
  if (end == text.npos) return std::nullopt;
  out.scheme = to_lower(text.substr(0, end));
  if (out.scheme != "http" && out.scheme != "https") return std::nullopt;
  out.port = out.scheme == "http" ? 80 : 443;
  std::string_view rest = text.substr(end + 3);
  if (size_t colon = rest.find(':'); colon != rest.npos) {
    std::optional<uint16_t> port = parse_int<uint16_t>(rest.substr(colon + 1));
    if (!port || *port == 0) return std::nullopt;
    out.port = *port;
    rest = rest.substr(0, colon);
  }
  out.host = to_lower(rest);
  if (!is_origin_host(out.host)) return std::nullopt;
  return out;
}

void parse_origins(JsonObject& filter, CorsFilter& out) {
  std::vector<std::string> seen;
  for (const JsonReader& at : filter.optional_array("allowOrigins", {0, kMaxCorsEntries})) {
    std::string_view text = at.string({1, kMaxOrigin}).value_or("");
    if (text.empty()) continue;
    seen.emplace_back(text);
    if (text == "*") {
      out.any_origin = true;
    } else if (std::optional<CorsOrigin> origin = read_origin(text)) {
      out.origins.push_back(*std::move(origin));
    } else {
      at.problem(str_cat(in_quotes(text),
                         " is not an origin; expected \"*\" or http(s)://host[:port], "
                         "where the host may be \"*\" or begin with \"*.\""));
    }
  }
  check_star(filter, "allowOrigins", seen);
}

std::vector<std::string> parse_methods(JsonObject& filter) {
  std::vector<std::string> out;
  for (const JsonReader& at : filter.optional_array("allowMethods", {0, kMaxMethods})) {
    std::string_view method = at.string().value_or("");
    bool known = std::find(std::begin(kMethods), std::end(kMethods), method) != std::end(kMethods);
    if (!known) at.problem(str_cat(in_quotes(method), " is not a method, nor \"*\""));
    out.emplace_back(method);
  }
  check_star(filter, "allowMethods", out);
  return out;
}

std::vector<std::string> parse_names(JsonObject& filter, std::string_view field) {
  std::vector<std::string> out;
  for (const JsonReader& at : filter.optional_array(field, {0, kMaxCorsEntries})) {
    std::string_view name = at.string({1, 256}).value_or("");
    if (!name.empty() && !is_token(name)) at.problem(str_cat(in_quotes(name), " is not the name of a header field"));
    out.emplace_back(name);
  }
  check_star(filter, field, out);
  return out;
}
}  // namespace

CorsFilter parse_cors(JsonObject filter) {
  CorsFilter out;
  parse_origins(filter, out);
  out.credentials = filter.optional_boolean("allowCredentials").value_or(false);
  out.methods = parse_methods(filter);
  out.headers = parse_names(filter, "allowHeaders");
  out.expose = parse_names(filter, "exposeHeaders");
  out.max_age = static_cast<uint32_t>(filter.optional_integer("maxAge", {1, kMaxAge}).value_or(out.max_age));
  filter.finish();
  return out;
}
}  // namespace heddle::detail
