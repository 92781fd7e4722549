#include "lib/routing/cors.h"

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kAllowOrigin = "access-control-allow-origin";
constexpr std::string_view kAllowCredentials = "access-control-allow-credentials";
constexpr std::string_view kAllowMethods = "access-control-allow-methods";
constexpr std::string_view kAllowHeaders = "access-control-allow-headers";
constexpr std::string_view kExposeHeaders = "access-control-expose-headers";
constexpr std::string_view kMaxAge = "access-control-max-age";
constexpr std::string_view kRequestMethod = "access-control-request-method";
constexpr std::string_view kRequestHeaders = "access-control-request-headers";

struct Origin3 {
  std::string_view scheme;
  std::string_view host;
  uint16_t port = 0;
};

// What browsers send: scheme://host[:port], or "null", which is nobody in particular.
std::optional<Origin3> split_origin(std::string_view text) noexcept {
  size_t end = text.find("://");
  if (end == text.npos) return std::nullopt;
  Origin3 out{text.substr(0, end), text.substr(end + 3), 0};
  out.port = equals_ignore_case(out.scheme, "https") ? 443 : 80;
  size_t colon = out.host.rfind(':');
  if (colon == out.host.npos || out.host.ends_with(']')) return out;
  std::optional<uint16_t> port = parse_int<uint16_t>(out.host.substr(colon + 1));
  if (!port) return std::nullopt;
  out.port = *port;
  out.host = out.host.substr(0, colon);
  return out;
}

bool host_matches(std::string_view pattern, std::string_view host) noexcept {
  if (pattern == "*") return true;
  if (!pattern.starts_with('*')) return equals_ignore_case(pattern, host);
  pattern.remove_prefix(1);  // ".example.com"
  return host.size() > pattern.size() && equals_ignore_case(host.substr(host.size() - pattern.size()), pattern);
}

bool is_star(const std::vector<std::string>& values) noexcept { return values.size() == 1 && values[0] == "*"; }
}  // namespace

CorsPolicy::CorsPolicy(const CorsFilter& filter)
    : filter_(filter),
      methods_(join(filter.methods, ", ")),
      headers_(join(filter.headers, ", ")),
      expose_(join(filter.expose, ", ")),
      max_age_(std::to_string(filter.max_age)) {
  // Beside credentials "*" is the name of a header (Fetch), so it cannot be said; there is no list to say instead.
  if (filter.credentials && is_star(filter.expose)) expose_.clear();
}

bool CorsPolicy::is_preflight(const RequestHead& request) noexcept {
  return request.method() == "OPTIONS" && request.fields().get("origin") && request.fields().get(kRequestMethod);
}

bool CorsPolicy::allows(std::string_view origin) const noexcept {
  if (filter_.any_origin) return true;
  std::optional<Origin3> asked = split_origin(origin);
  if (!asked) return false;
  return std::any_of(filter_.origins.begin(), filter_.origins.end(), [&](const CorsOrigin& one) {
    return one.port == asked->port && equals_ignore_case(one.scheme, asked->scheme) &&
           host_matches(one.host, asked->host);
  });
}

// An answer that depends on who asks says so to caches (Fetch §3.2.5).
bool CorsPolicy::add_origin(std::string_view origin, HeaderMap& answer) const {
  if (answers_star()) return answer.add(kAllowOrigin, "*");
  bool fits = answer.add(kAllowOrigin, origin);
  return fits && (!filter_.credentials || answer.add(kAllowCredentials, "true"));
}

bool CorsPolicy::answer_preflight(const RequestHead& request, HeaderMap& answer) const {
  bool fits = answers_star() || answer.add("vary", "origin");
  std::string_view origin = request.fields().get("origin").value_or("");
  if (!fits || !allows(origin)) return fits;
  // "*" beside credentials: what was asked for.
  auto list = [&](const std::vector<std::string>& values, const std::string& text, std::string_view asked) {
    if (!is_star(values) || !filter_.credentials) return std::string_view(text);
    return request.fields().get(asked).value_or("");
  };
  auto say = [&](std::string_view name, std::string_view value) { return value.empty() || answer.add(name, value); };
  return add_origin(origin, answer) && say(kAllowMethods, list(filter_.methods, methods_, kRequestMethod)) &&
         say(kAllowHeaders, list(filter_.headers, headers_, kRequestHeaders)) && say(kMaxAge, max_age_);
}

bool CorsPolicy::mark_answer(const RequestHead& request, HeaderMap& answer) const {
  for (std::string_view name : {kAllowOrigin, kAllowCredentials, kExposeHeaders}) answer.remove(name);
  bool fits = answers_star() || answer.add("vary", "origin");
  std::optional<std::string_view> origin = request.fields().get("origin");
  if (!fits || !origin || !allows(*origin)) return fits;
  return add_origin(*origin, answer) && (expose_.empty() || answer.add(kExposeHeaders, expose_));
}
}  // namespace heddle
