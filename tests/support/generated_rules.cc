#include "tests/support/generated_rules.h"

#include <string_view>

namespace heddle {
namespace {
std::string extension(std::string_view name) {
  return str_cat("{type: ExtensionRef, extensionRef: {group: heddle.dev, kind: HTTPRouteFilter, name: ", name, "}}");
}
}  // namespace

std::string GeneratedRules::match(bool is_prefix) {
  constexpr std::string_view kRegexes[] = {"/[ab]/.*", "/a(/.*)?", ".*admin", "/.+/c", "/[a-z]+"};
  constexpr std::string_view kMethods[] = {"GET", "POST", "PUT", "OPTIONS"};
  constexpr std::string_view kHeaders[] = {"{name: x-a, value: '1'}", "{name: X-B, value: 'on'}",
                                           "{type: RegularExpression, name: x-a, value: '[12]'}"};
  constexpr std::string_view kQueries[] = {"{name: q, value: '1'}", "{name: r, value: x}",
                                           "{type: RegularExpression, name: q, value: '.'}"};
  size_t kind = is_prefix ? 0 : dice_.below(10);
  std::string type = kind < 6 ? "PathPrefix" : kind < 8 ? "Exact" : "RegularExpression";
  std::string value = kind < 8 ? plain_path(dice_) : std::string(dice_.one_of(kRegexes));
  std::string out = str_cat("path: {type: ", type, ", value: '", value, "'}");
  if (dice_.hits(25)) out.append(str_cat(", method: ", dice_.one_of(kMethods)));
  if (dice_.hits(20)) out.append(str_cat(", headers: [", dice_.one_of(kHeaders), "]"));
  if (dice_.hits(15)) out.append(str_cat(", queryParams: [", dice_.one_of(kQueries), "]"));
  return str_cat("{", out, "}");
}

std::string GeneratedRules::backends() {
  std::string out;
  bool used[std::size(kGeneratedSets)] = {};
  for (size_t left = 1 + dice_.below(3); left > 0; --left) {
    size_t which = dice_.below(std::size(kGeneratedSets));
    if (which > 5 && dice_.hits(30)) which = dice_.below(4);
    if (std::exchange(used[which], true)) continue;
    size_t weight = dice_.hits(10) ? 0 : 1 + dice_.below(5);
    std::string filters = dice_.hits(15)
                              ? ", filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: x-a, "
                                "value: '2'}]}}]"
                              : "";
    out.append(str_cat(out.empty() ? "" : ", ", "{group: heddle.dev, kind: BackendSet, name: ", kGeneratedSets[which],
                       ", namespace: default, weight: ", std::to_string(weight), filters, "}"));
  }
  if (dice_.hits(10)) out.append(", {name: svc1, namespace: default, port: 80, weight: 2}");
  return str_cat("backendRefs: [", out, "]");
}

std::string GeneratedRules::http_rule(const std::string& mark) {
  size_t kind = dice_.below(100);
  std::string marker = str_cat("{set: [{name: x-rule, value: '", mark, "'}]}");
  std::string in_answer = str_cat("{type: ResponseHeaderModifier, responseHeaderModifier: ", marker, "}");
  if (kind < 16) marked_.insert(mark);
  if (kind < 8) return redirect(in_answer);
  if (kind < 16) {
    std::string name = dice_.hits(70) ? "teapot" : "fine";
    return str_cat("{matches: [", match(false), "], filters: [", in_answer, ", ", extension(name), "]}");
  }
  bool rewrites = dice_.hits(20);
  std::string matches = match(rewrites);
  if (!rewrites && dice_.hits(30)) matches.append(str_cat(", ", match(false)));
  return str_cat("{matches: [", matches, "]", forwarding_filters(mark, marker, rewrites), limits(), session(), ", ",
                 backends(), "}");
}

std::string GeneratedRules::redirect(const std::string& in_answer) {
  constexpr std::string_view kRedirects[] = {"statusCode: 301", "hostname: other.example, statusCode: 302",
                                             "scheme: https, port: 8443",
                                             "path: {type: ReplaceFullPath, replaceFullPath: /new}, statusCode: 307",
                                             "path: {type: ReplacePrefixMatch, replacePrefixMatch: /moved}"};
  return str_cat("{matches: [", match(true), "], filters: [", in_answer, ", {type: RequestRedirect, ",
                 "requestRedirect: {", dice_.one_of(kRedirects), "}}]}");
}

std::string GeneratedRules::forwarding_filters(const std::string& mark, const std::string& marker, bool rewrites) {
  constexpr std::string_view kRewrites[] = {
      "hostname: rewritten.example", "path: {type: ReplaceFullPath, replaceFullPath: /full}",
      "path: {type: ReplacePrefixMatch, replacePrefixMatch: /}",
      "hostname: both.example, path: {type: ReplacePrefixMatch, replacePrefixMatch: /admin}"};
  constexpr std::string_view kFaults[] = {"always", "half", "some"};
  std::vector<std::string> out;
  if (dice_.hits(50)) {
    out.push_back(str_cat("{type: RequestHeaderModifier, requestHeaderModifier: ", marker, "}"));
    marked_.insert(mark);
  }
  if (rewrites) out.push_back(str_cat("{type: URLRewrite, urlRewrite: {", dice_.one_of(kRewrites), "}}"));
  if (dice_.hits(20)) out.push_back(extension(dice_.one_of(kFaults)));
  if (dice_.hits(25)) out.push_back("{type: CORS, cors: {allowOrigins: ['https://b.example'], allowMethods: [GET]}}");
  add_mirrors(out);
  return out.empty() ? "" : str_cat(", filters: [", join(out, ", "), "]");
}

std::string GeneratedRules::limits() {
  std::string out;
  if (dice_.hits(15)) out.append(", timeouts: {request: 30s}");
  if (dice_.hits(15)) out.append(", retry: {attempts: 2, codes: [502, 504], backoff: 10ms}");
  return out;
}

void GeneratedRules::add_mirrors(std::vector<std::string>& filters) {
  constexpr std::string_view kShares[] = {"", ", percent: 50", ", fraction: {numerator: 1, denominator: 3}"};
  for (std::string_view set : {"shadow0", "shadow1"}) {
    if (!dice_.hits(12)) continue;
    filters.push_back(
        str_cat("{type: RequestMirror, requestMirror: {backendRef: {group: heddle.dev, kind: BackendSet, ",
                "name: ", set, ", namespace: default}", dice_.one_of(kShares), "}}"));
  }
}

std::string GeneratedRules::session() {
  constexpr std::string_view kSessions[] = {
      "type: Cookie, sessionName: sticky", "type: Header, sessionName: x-session", "type: Cookie, idleTimeout: 1h",
      "type: Cookie, absoluteTimeout: 1h, cookieConfig: {lifetimeType: Permanent}"};
  return dice_.hits(20) ? str_cat(", sessionPersistence: {", dice_.one_of(kSessions), "}") : "";
}

std::string GeneratedRules::grpc_match() {
  constexpr std::string_view kMethods[] = {"service: shop.Carts, method: Get",
                                           "service: shop.Carts",
                                           "method: Put",
                                           "service: shop.Users, method: Get",
                                           "type: RegularExpression, service: 'shop[.].*', method: 'G.t'",
                                           "type: RegularExpression, method: '(Get|List)'"};
  std::string out = str_cat("method: {", dice_.one_of(kMethods), "}");
  if (dice_.hits(25)) out.append(", headers: [{name: x-a, value: '1'}]");
  return str_cat("{", out, "}");
}

std::string GeneratedRules::grpc_rule(const std::string& mark) {
  std::vector<std::string> filters;
  if (dice_.hits(60)) {
    filters.push_back(
        str_cat("{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: x-rule, value: '", mark, "'}]}}"));
    marked_.insert(mark);
  }
  if (dice_.hits(20)) filters.push_back(extension(dice_.hits(50) ? "half" : "some"));
  add_mirrors(filters);
  std::string said = filters.empty() ? "" : str_cat(", filters: [", join(filters, ", "), "]");
  return str_cat("{matches: [", grpc_match(), "]", said, session(), ", ", backends(), "}");
}
}  // namespace heddle
