// The filters of rules and backendRefs of HTTPRoutes and GRPCRoutes. The rules between fields are the CEL rules of the
// Gateway API v1.
#include <algorithm>

#include "lib/base/strings.h"
#include "lib/config/field_rules.h"
#include "lib/config/parse_route.h"

namespace heddle::detail {
namespace {
enum class FilterWord { kRequestHeaders, kResponseHeaders, kMirror, kRedirect, kRewrite, kCors, kExtension, kAuth };
constexpr EnumName<FilterWord> kFilterTypes[] = {{"RequestHeaderModifier", FilterWord::kRequestHeaders},
                                                 {"ResponseHeaderModifier", FilterWord::kResponseHeaders},
                                                 {"RequestMirror", FilterWord::kMirror},
                                                 {"RequestRedirect", FilterWord::kRedirect},
                                                 {"URLRewrite", FilterWord::kRewrite},
                                                 {"CORS", FilterWord::kCors},
                                                 {"ExtensionRef", FilterWord::kExtension},
                                                 {"ExternalAuth", FilterWord::kAuth}};
// GRPCRouteFilterType: what gRPC has no use for is none of these.
constexpr EnumName<FilterWord> kGrpcFilterTypes[] = {{"RequestHeaderModifier", FilterWord::kRequestHeaders},
                                                     {"ResponseHeaderModifier", FilterWord::kResponseHeaders},
                                                     {"RequestMirror", FilterWord::kMirror},
                                                     {"ExtensionRef", FilterWord::kExtension}};
constexpr EnumName<PathChange> kPathChanges[] = {{"ReplaceFullPath", PathChange::kReplaceFull},
                                                 {"ReplacePrefixMatch", PathChange::kReplacePrefix}};
enum class SchemeWord { kHttp, kHttps };
constexpr EnumName<SchemeWord> kSchemes[] = {{"http", SchemeWord::kHttp}, {"https", SchemeWord::kHttps}};
constexpr int64_t kRedirectStatuses[] = {301, 302, 303, 307, 308};
constexpr SizeRange kFieldNames{1, 256};
constexpr SizeRange kFieldValues{1, 4096};

std::string parse_field_name(const JsonReader& at, FieldOwner owner) {
  std::string name = to_lower(at.string(kFieldNames).value_or(""));
  if (name.empty()) return name;
  if (std::string_view mistake = field_mistake(name, owner); !mistake.empty()) {
    at.problem(str_cat(in_quotes(name), " ", mistake));
  }
  return name;
}

FieldText parse_field(const JsonReader& at, FieldOwner owner) {
  JsonObject object = at.object();
  FieldText out;
  if (std::optional<JsonReader> name = object.required("name")) out.name = parse_field_name(*name, owner);
  out.value = object.string("value", kFieldValues);
  if (!is_field_text(out.value)) object.problem("value", "has a control byte, or white space at an end");
  object.finish();
  return out;
}

// Of equal names the first counts (Gateway API).
std::vector<FieldText> parse_fields(JsonObject& modifier, std::string_view list, FieldOwner owner) {
  std::vector<FieldText> out;
  for (const JsonReader& at : modifier.optional_array(list, {0, kMaxModifiedFields})) {
    FieldText field = parse_field(at, owner);
    auto same = [&](const FieldText& other) { return other.name == field.name; };
    if (std::none_of(out.begin(), out.end(), same)) out.push_back(std::move(field));
  }
  return out;
}

size_t bytes_of(const std::vector<FieldText>& fields) {
  size_t out = 0;
  for (const FieldText& field : fields) out += field.name.size() + field.value.size();
  return out;
}

HeaderModifier parse_modifier(JsonObject modifier, FieldOwner owner) {
  HeaderModifier out;
  out.set = parse_fields(modifier, "set", owner);
  out.add = parse_fields(modifier, "add", owner);
  for (const JsonReader& at : modifier.optional_array("remove", {0, kMaxModifiedFields})) {
    out.remove.push_back(parse_field_name(at, owner));
  }
  if (bytes_of(out.set) + bytes_of(out.add) > kMaxModifierBytes) {
    modifier.problem("set", "together with add has more than 8 KiB of names and values");
  }
  modifier.finish();
  return out;
}

std::optional<PathModifier> parse_path_modifier(JsonObject& filter) {
  std::optional<JsonObject> path = filter.optional_object("path");
  if (!path) return std::nullopt;
  PathModifier out;
  std::optional<PathChange> change = path->optional_one_of("type", kPathChanges);
  if (path->is_object() && !path->has("type")) path->problem("type", "is required");
  out.change = change.value_or(PathChange::kReplaceFull);
  bool is_prefix = out.change == PathChange::kReplacePrefix;
  std::string_view field = is_prefix ? "replacePrefixMatch" : "replaceFullPath";
  if (change) out.value = path->string(field, {is_prefix ? 0U : 1U, kMaxPathValue});
  if (!out.value.empty()) {
    std::string_view mistake = written_path_mistake(out.value);
    if (!mistake.empty()) path->problem(field, std::string(mistake));
  }
  path->finish();
  return out;
}

std::string parse_hostname(JsonObject& filter) {
  std::string host = filter.optional_string("hostname", kNameSize).value_or("");
  if (!host.empty() && !is_dns_name(host)) filter.problem("hostname", str_cat(in_quotes(host), " is not a host name"));
  return host;
}

RequestRedirect parse_redirect(JsonObject filter) {
  RequestRedirect out;
  std::optional<SchemeWord> scheme = filter.optional_one_of("scheme", kSchemes);
  if (scheme) out.scheme = *scheme == SchemeWord::kHttp ? "http" : "https";
  out.hostname = parse_hostname(filter);
  out.path = parse_path_modifier(filter);
  out.port = read_optional_port(filter, "port");
  int64_t status = filter.optional_integer("statusCode").value_or(out.status);
  if (std::find(std::begin(kRedirectStatuses), std::end(kRedirectStatuses), status) == std::end(kRedirectStatuses)) {
    filter.problem("statusCode", "expected one of 301, 302, 303, 307, 308");
  }
  out.status = static_cast<uint16_t>(status);
  filter.finish();
  return out;
}

UrlRewrite parse_rewrite(JsonObject filter) {
  UrlRewrite out;
  out.hostname = parse_hostname(filter);
  out.path = parse_path_modifier(filter);
  bool says_nothing = filter.is_object() && !filter.has("hostname") && !filter.has("path");
  if (says_nothing) filter.problem("hostname", "or path is required");
  filter.finish();
  return out;
}

std::string parse_extension(JsonObject filter) {
  std::string group = filter.string("group");
  std::string kind = filter.string("kind");
  if ((!group.empty() && group != "heddle.dev") || (!kind.empty() && kind != "HTTPRouteFilter")) {
    filter.unsupported("kind", str_cat(in_quotes(kind), " of group ", in_quotes(group),
                                       " is no filter here; expected HTTPRouteFilter of group \"heddle.dev\""));
  }
  std::string name = read_name(filter, "name");
  filter.finish();
  return name;
}

template <class T>
void put(JsonObject& filter, std::optional<T>& slot, T value) {
  if (slot) filter.problem("type", "the same filter stands twice");
  slot = std::move(value);
}

std::optional<FilterWord> parse_type(JsonObject& filter, Kind route) {
  bool is_grpc = route == Kind::kGrpcRoute;
  std::optional<FilterWord> type =
      is_grpc ? filter.optional_one_of("type", kGrpcFilterTypes) : filter.optional_one_of("type", kFilterTypes);
  if (filter.is_object() && !filter.has("type")) filter.problem("type", "is required");
  return type;
}

// The filters of one rule, as far as they are read.
struct RuleParse {
  const ResourceKey& route;
  uint8_t count = 0;
  RuleFilters filters{};
  std::vector<RequestMirror> mirrors{};
};

void parse_mirror(JsonObject& filter, RuleParse& rule) {
  if (rule.mirrors.size() == kMaxRuleMirrors) filter.problem("type", "a rule has at most 4 of RequestMirror");
  rule.mirrors.push_back(parse_request_mirror(filter.object("requestMirror"), rule.route.ns));
  rule.mirrors.back().filter = rule.count;
}

void parse_rule_filter(const JsonReader& at, RuleParse& rule) {
  JsonObject filter = at.object();
  RuleFilters& out = rule.filters;
  std::optional<FilterWord> type = parse_type(filter, rule.route.kind);
  if (!type) return;
  switch (*type) {
    case FilterWord::kRequestHeaders:
      put(filter, out.request, parse_modifier(filter.object("requestHeaderModifier"), FieldOwner::kRequest));
      break;
    case FilterWord::kResponseHeaders:
      put(filter, out.response, parse_modifier(filter.object("responseHeaderModifier"), FieldOwner::kResponse));
      break;
    case FilterWord::kRedirect:
      put(filter, out.redirect, parse_redirect(filter.object("requestRedirect")));
      break;
    case FilterWord::kRewrite:
      put(filter, out.rewrite, parse_rewrite(filter.object("urlRewrite")));
      break;
    case FilterWord::kCors:
      put(filter, out.cors, parse_cors(filter.object("cors")));
      break;
    case FilterWord::kExtension:
      if (!out.extension.empty()) filter.problem("type", "at most one ExtensionRef of a rule is supported");
      out.extension = parse_extension(filter.object("extensionRef"));
      break;
    case FilterWord::kMirror:
      parse_mirror(filter, rule);
      break;
    case FilterWord::kAuth:
      filter.refuse("externalAuth", "external authorization is not supported");
      return filter.unsupported("type", "ExternalAuth is not supported");
  }
  filter.finish();
}

void parse_backend_filter(const JsonReader& at, BackendFilters& out) {
  JsonObject filter = at.object();
  std::optional<FilterWord> type = parse_type(filter, Kind::kHttpRoute);
  if (!type) return;
  if (*type == FilterWord::kRequestHeaders) {
    put(filter, out.request, parse_modifier(filter.object("requestHeaderModifier"), FieldOwner::kRequest));
  } else if (*type == FilterWord::kResponseHeaders) {
    put(filter, out.response, parse_modifier(filter.object("responseHeaderModifier"), FieldOwner::kResponse));
  } else {
    return filter.unsupported("type", "is not supported on a backendRef; of the rule, where that may be");
  }
  filter.finish();
}

bool replaces_prefix(const std::optional<PathModifier>& path) {
  return path && path->change == PathChange::kReplacePrefix;
}

bool touches(const std::optional<HeaderModifier>& modifier, std::string_view name) {
  if (!modifier) return false;
  auto is_it = [&](const FieldText& field) { return field.name == name; };
  return std::any_of(modifier->set.begin(), modifier->set.end(), is_it) ||
         std::any_of(modifier->add.begin(), modifier->add.end(), is_it) ||
         std::count(modifier->remove.begin(), modifier->remove.end(), name) > 0;
}

void check_together(const JsonObject& rule, const RuleParse& said, const std::vector<HttpMatch>& matches) {
  const RuleFilters& filters = said.filters;
  if (filters.redirect && !said.mirrors.empty()) {
    rule.problem("filters", "have RequestMirror beside RequestRedirect, which forwards nothing");
  }
  if (filters.redirect && filters.rewrite) rule.problem("filters", "have both RequestRedirect and URLRewrite");
  if (filters.redirect && filters.request) {
    rule.problem("filters", "have RequestHeaderModifier beside RequestRedirect, which forwards nothing");
  }
  bool prefix = (filters.redirect && replaces_prefix(filters.redirect->path)) ||
                (filters.rewrite && replaces_prefix(filters.rewrite->path));
  if (prefix && (matches.size() != 1 || matches[0].path.type != PathMatchType::kPrefix)) {
    rule.problem("filters", "replacePrefixMatch needs exactly one match, with a path of type PathPrefix");
  }
}
}  // namespace

void parse_rule_filters(JsonObject& rule, const ResourceKey& route, HttpRouteRule& out) {
  RuleParse said{route};
  for (const JsonReader& at : rule.optional_array("filters", {0, kMaxRuleFilters})) {
    parse_rule_filter(at, said);
    ++said.count;
  }
  check_together(rule, said, out.matches);
  out.filters = Rare<RuleFilters>(std::move(said.filters));
  out.mirrors = Rare<std::vector<RequestMirror>>(std::move(said.mirrors));
}

Rare<BackendFilters> parse_backend_filters(JsonObject& backend) {
  BackendFilters out;
  for (const JsonReader& at : backend.optional_array("filters", {0, kMaxRuleFilters})) parse_backend_filter(at, out);
  return Rare<BackendFilters>(std::move(out));
}

void check_rule_filters(const JsonObject& rule, const HttpRouteRule& out) {
  if (out.filters->redirect && rule.has("backendRefs")) {
    rule.problem("backendRefs", "must be left out beside RequestRedirect");
  }
  if (out.filters->redirect && rule.has("retry")) rule.problem("retry", "means nothing beside RequestRedirect");
  bool may_answer = out.filters->redirect || !out.filters->extension.empty();
  if (out.backends.empty() && !may_answer) {
    rule.problem("backendRefs", rule.has("backendRefs") ? "needs at least 1 element" : "is required");
  }
  auto changes_origin = [](const WeightedBackend& backend) { return touches(backend.filters->request, "origin"); };
  bool is_changed =
      touches(out.filters->request, "origin") || std::any_of(out.backends.begin(), out.backends.end(), changes_origin);
  if (out.filters->cors && is_changed) rule.problem("filters", "change the field origin, by which CORS judges");
}
}  // namespace heddle::detail
