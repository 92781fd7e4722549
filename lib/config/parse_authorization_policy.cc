#include <algorithm>

#include "lib/base/strings.h"
#include "lib/config/identity_pattern.h"
#include "lib/config/parse_detail.h"

namespace heddle::detail {
namespace {
constexpr EnumName<AuthzAction> kActions[] = {
    {"allow", AuthzAction::kAllow}, {"deny", AuthzAction::kDeny}, {"audit", AuthzAction::kAudit}};
constexpr EnumName<AuthzDefault> kDefaults[] = {{"allow-all", AuthzDefault::kAllowAll},
                                                {"mesh-only", AuthzDefault::kMeshOnly},
                                                {"deny-all", AuthzDefault::kDenyAll}};
enum class PathWord { kExact, kPrefix, kTemplate, kOther };
constexpr EnumName<PathWord> kPathTypes[] = {{"Exact", PathWord::kExact},
                                             {"PathPrefix", PathWord::kPrefix},
                                             {"PathTemplate", PathWord::kTemplate},
                                             {"RegularExpression", PathWord::kOther}};
constexpr SizeRange kValues{0, kMaxAuthzValues};
constexpr SizeRange kEntries{0, kMaxAuthzEntries};
constexpr size_t kMaxMethod = 32;
constexpr size_t kMaxHeaderValue = 4096;

PathMatchType type_of(PathWord word) {
  if (word == PathWord::kExact) return PathMatchType::kExact;
  return word == PathWord::kTemplate ? PathMatchType::kTemplate : PathMatchType::kPrefix;
}

bool is_path_variable(std::string_view segment) {
  if (segment.size() < 3 || segment.front() != '{' || segment.back() != '}') return false;
  std::string_view name = segment.substr(1, segment.size() - 2);
  bool is_name = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
  return is_name || name == "*";
}

// Of a template that is a path: segments are text, {*} or {name}, and the last one may be {**}.
std::string_view template_mistake(std::string_view path) {
  while (!path.empty()) {
    std::string_view segment = path.substr(1, path.find('/', 1) - 1);
    path.remove_prefix(1 + segment.size());
    if (segment == "{**}" && !path.empty()) return "must not go on after {**}";
    bool is_plain = segment.find_first_of("{}*") == segment.npos;
    if (!is_plain && segment != "{**}" && !is_path_variable(segment))
      return "has a segment that is neither plain text nor one of {*}, {name} and {**}";
  }
  return {};
}

std::string_view authz_path_mistake(PathMatchType type, std::string_view path) {
  if (std::string_view mistake = path_mistake(path); !mistake.empty()) return mistake;
  if (path.find(';') != path.npos) return "must not contain ;";
  if (type == PathMatchType::kTemplate) return template_mistake(path);
  return path.find_first_of("{}") == path.npos ? std::string_view() : "must not contain { or }: use type PathTemplate";
}

// An empty list matches nothing. Where that would leave open what somebody meant to close, it is a mistake.
class PolicyParser {
 public:
  explicit PolicyParser(AuthzAction action) : action_(action) {}

  AuthzRule rule(const JsonReader& at) const {
    JsonObject object = at.object();
    AuthzRule out = match(object);
    object.finish();
    return out;
  }

  AuthzRule match(JsonObject& object) const {
    AuthzRule out;
    out.from = list<AuthzSource>(object, "from", kEntries, [this](const JsonReader& r) { return source(r); });
    out.to = list<AuthzOperation>(object, "to", kEntries, [this](const JsonReader& r) { return operation(r); });
    return out;
  }

 private:
  template <class T, class Parse>
  AuthzList<T> list(JsonObject& object, std::string_view field, SizeRange sizes, Parse parse) const {
    if (!object.has(field)) return std::nullopt;
    std::vector<T> out;
    bool is_empty = object.value().find(field)->is_array();
    for (const JsonReader& at : object.optional_array(field, sizes)) {
      is_empty = false;
      if (std::optional<T> value = parse(at)) out.push_back(std::move(*value));
    }
    if (is_empty && action_ != AuthzAction::kAllow) {
      object.problem(field, str_cat("is empty and would match nothing: a policy that cannot ", to_text(action_),
                                    " anything; leave it out to match everything"));
    }
    return out;
  }

  static std::optional<std::string> identity(const JsonReader& at) {
    std::string text(at.string().value_or(""));
    if (text.empty()) return std::nullopt;
    if (auto checked = check_identity_pattern(text); !checked) at.problem(checked.error().detail);
    return text;
  }

  static std::optional<std::string> name_space(const JsonReader& at) {
    std::string text(at.string(kNameSize).value_or(""));
    if (!text.empty() && !is_dns_label(text)) at.problem(str_cat(in_quotes(text), " is not the name of a namespace"));
    return text;
  }

  std::optional<AuthzSource> source(const JsonReader& at) const {
    JsonObject object = at.object();
    AuthzSource out;
    out.identities = list<std::string>(object, "identities", kValues, identity);
    out.namespaces = list<std::string>(object, "namespaces", kValues, name_space);
    std::optional<bool> authenticated = object.optional_boolean("authenticated");
    if (authenticated == false) object.problem("authenticated", "can only be true; leave it out to ask nothing");
    out.authenticated = authenticated.value_or(false);
    object.finish();
    bool asks = out.identities || out.namespaces || object.has("authenticated");
    if (object.is_object() && !asks) at.problem("asks nothing; leave `from` out to match every caller");
    return out;
  }

  static std::optional<std::string> method(const JsonReader& at) {
    std::string text(at.string({1, kMaxMethod}).value_or(""));
    bool lower = std::any_of(text.begin(), text.end(), [](char c) { return c >= 'a' && c <= 'z'; });
    if (!text.empty() && (!is_token(text) || lower))
      at.problem(str_cat(in_quotes(text), " is not a method as \"GET\""));
    return text;
  }

  static std::optional<PathMatch> path(const JsonReader& at) {
    JsonObject object = at.object();
    PathMatch out;
    std::optional<PathWord> type = object.optional_one_of("type", kPathTypes);
    if (object.is_object() && !object.has("type"))
      object.problem("type", "is required: Exact, PathPrefix or PathTemplate");
    if (type == PathWord::kOther) object.unsupported("type", "is not supported; use Exact, PathPrefix or PathTemplate");
    out.type = type_of(type.value_or(PathWord::kPrefix));
    out.value = object.string("value", {1, kMaxPathValue});
    object.finish();
    std::string_view mistake = out.value.empty() ? std::string_view() : authz_path_mistake(out.type, out.value);
    if (!mistake.empty()) object.problem("value", std::string(mistake));
    if (out.type == PathMatchType::kPrefix && out.value.ends_with('/')) out.value.pop_back();
    return out;
  }

  static std::optional<uint16_t> port(const JsonReader& at) {
    std::optional<int64_t> number = at.integer(kPortRange);
    if (!number) return std::nullopt;
    return static_cast<uint16_t>(*number);
  }

  // What a sidecar removes from requests, or carries elsewhere than in the fields, would never match.
  static std::optional<AuthzHeader> header(const JsonReader& at) {
    constexpr std::string_view kGone[] = {
        "host",    "content-length", "connection",      "keep-alive", "te", "transfer-encoding",
        "upgrade", "http2-settings", "proxy-connection"};
    JsonObject object = at.object();
    AuthzHeader out;
    out.name = to_lower(object.string("name", {1, 256}));
    out.value = object.optional_string("value", {0, kMaxHeaderValue});
    object.finish();
    if (!out.name.empty() && !is_token(out.name)) object.problem("name", "is not a header name");
    bool is_gone = std::find(std::begin(kGone), std::end(kGone), out.name) != std::end(kGone);
    if (is_gone || is_internal_field(out.name) || out.name.starts_with("x-envoy-")) {
      object.problem("name", str_cat(in_quotes(out.name), " is not judged: no request has it when it is authorized"));
    }
    return out;
  }

  std::optional<AuthzOperation> operation(const JsonReader& at) const {
    JsonObject object = at.object();
    AuthzOperation out;
    out.methods = list<std::string>(object, "methods", kValues, method);
    out.paths = list<PathMatch>(object, "paths", kValues, path);
    out.ports = list<uint16_t>(object, "ports", kValues, port);
    out.headers = list<AuthzHeader>(object, "headers", {0, kMaxMatchFields}, header);
    object.refuse("hosts", "hosts are not supported: Host is the caller's word; use targetRef or ports");
    object.finish();
    bool asks = out.methods || out.paths || out.ports || out.headers || object.has("hosts");
    if (object.is_object() && !asks) at.problem("asks nothing; leave `to` out to match every request");
    return out;
  }

  AuthzAction action_;
};

void parse_rules(JsonObject& spec, AuthorizationPolicySpec& out) {
  std::optional<AuthzAction> action = spec.optional_one_of("action", kActions);
  if (spec.is_object() && !spec.has("action")) spec.problem("action", "is required: allow, deny or audit");
  out.action = action.value_or(AuthzAction::kAllow);
  PolicyParser parser(out.action);
  for (const JsonReader& at : spec.optional_array("rules", {0, kMaxAuthzRules})) out.rules.push_back(parser.rule(at));
  bool has_some = spec.has("rules") && !out.rules.empty();
  if (action && *action != AuthzAction::kAllow && !has_some) {
    spec.problem("rules", str_cat("are missing: a policy that cannot ", to_text(*action),
                                  " anything; the rule {} matches everything"));
  }
}
}  // namespace

AuthzRule parse_authz_match(JsonObject& object) { return PolicyParser(AuthzAction::kAllow).match(object); }

std::optional<AuthzTarget> parse_workload_target(JsonObject& spec, std::string_view what) {
  std::optional<JsonObject> object = spec.optional_object("targetRef");
  if (!object) return std::nullopt;
  AuthzTarget out;
  std::string group = object->optional_string("group").value_or("heddle.dev");
  std::string kind = object->string("kind");
  bool known = group == "heddle.dev" && (kind == "Service" || kind == "Workload");
  if (!kind.empty() && !known) {
    object->problem("kind", str_cat(in_quotes(kind), " of group ", in_quotes(group), " cannot be ", what,
                                    "; expected Service or Workload of group \"heddle.dev\""));
  }
  out.kind = kind == "Workload" ? Kind::kWorkload : Kind::kService;
  out.name = read_name(*object, "name");
  object->finish();
  return out;
}

std::shared_ptr<const AuthorizationPolicySpec> parse_authorization_policy(const Envelope& envelope, JsonObject& spec) {
  auto out = std::make_shared<AuthorizationPolicySpec>();
  out->key = envelope.key;
  out->target = parse_workload_target(spec, "protected");
  out->default_action = spec.optional_one_of("defaultAction", kDefaults);
  if (!spec.has("defaultAction")) {
    parse_rules(spec, *out);
    return out;
  }
  for (std::string_view field : {"action", "rules", "targetRef"}) {
    if (spec.has(field)) spec.problem(field, "does not go with defaultAction, which is a policy for itself");
    spec.ignore(field);
  }
  return out;
}
}  // namespace heddle::detail
