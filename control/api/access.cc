#include "control/api/access.h"

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr EnumName<AccessRole> kRoles[] = {
    {"viewer", AccessRole::kViewer}, {"editor", AccessRole::kEditor},     {"security", AccessRole::kSecurity},
    {"plan", AccessRole::kPlan},     {"operator", AccessRole::kOperator}, {"admin", AccessRole::kAdmin},
};
constexpr std::string_view kEverywhere = "*";

struct Need {
  AccessRole role;
  bool everywhere;
};

bool is_write(AccessAction action) { return action == AccessAction::kApply || action == AccessAction::kDelete; }

AccessRole role_for(const AccessAsk& ask) noexcept {
  switch (ask.action) {
    case AccessAction::kRead:
    case AccessAction::kReadMesh:
      return AccessRole::kViewer;
    case AccessAction::kApply:
    case AccessAction::kDelete:
      if (!ask.kind) return AccessRole::kAdmin;
      return is_security_kind(*ask.kind) ? AccessRole::kSecurity : AccessRole::kEditor;
    case AccessAction::kJoinToken:
      return AccessRole::kSecurity;
    case AccessAction::kFetchFacts:
      return AccessRole::kPlan;
    case AccessAction::kOperate:
    case AccessAction::kManageAccess:
      return AccessRole::kOperator;
    case AccessAction::kUnlisted:
      break;
  }
  return AccessRole::kAdmin;
}

bool concerns_all(const AccessAsk& ask) noexcept {
  // A FederatedTrustDomain lies in a namespace, but all of the mesh believes it.
  if (is_write(ask.action) && ask.kind == Kind::kFederatedTrustDomain) return true;
  switch (ask.action) {
    case AccessAction::kReadMesh:
    case AccessAction::kOperate:
    case AccessAction::kManageAccess:
    case AccessAction::kUnlisted:
      return true;
    default:
      return ask.ns.empty();
  }
}

Need need_of(const AccessAsk& ask) noexcept { return {role_for(ask), concerns_all(ask)}; }

bool covers(AccessRole held, AccessRole asked) noexcept {
  return held == asked || held == AccessRole::kAdmin || asked == AccessRole::kViewer;
}

bool reaches(const AccessGrant& grant, std::string_view ns) noexcept {
  return grant.everywhere || std::ranges::find(grant.namespaces, ns) != grant.namespaces.end();
}

bool holds(const AccessGrants& grants, const Need& need, std::string_view ns) noexcept {
  return std::ranges::any_of(grants, [&](const AccessGrant& grant) {
    return covers(grant.role, need.role) && (need.everywhere ? grant.everywhere : reaches(grant, ns));
  });
}

std::string_view verb_of(AccessAction action) noexcept {
  switch (action) {
    case AccessAction::kRead:
      return "read";
    case AccessAction::kApply:
      return "apply";
    case AccessAction::kDelete:
      return "delete";
    case AccessAction::kJoinToken:
      return "make a join token";
    case AccessAction::kFetchFacts:
      return "see facts of requests";
    case AccessAction::kReadMesh:
      return "read what concerns the whole mesh";
    case AccessAction::kOperate:
      return "operate the control plane";
    case AccessAction::kManageAccess:
      return "manage the tokens of the API";
    case AccessAction::kUnlisted:
      break;
  }
  return "do this";
}

std::string said(const AccessAsk& ask) {
  std::string out(verb_of(ask.action));
  if (ask.kind) out.append(" ").append(info(*ask.kind).name);
  if (!ask.ns.empty()) out.append(" in namespace ").append(ask.ns);
  return out;
}

Error not_held(const AccessGrant& grant, std::string_view ns) {
  std::string where = ns.empty() ? " for all namespaces" : str_cat(" in namespace ", ns);
  return make_error(
      Reason::kForbidden,
      str_cat("this token may not give the role ", to_text(grant.role), where, ": it does not have that role itself"),
      Origin::kDownstream);
}

// Where a role may be granted. "*" is all of it, and stands alone.
void read_namespaces(const JsonReader& list, AccessGrant& grant) {
  for (const JsonReader& word : list.array({1, kMaxGrantNamespaces})) {
    std::optional<std::string_view> ns = word.string();
    if (!ns) continue;
    if (*ns == kEverywhere) {
      grant.everywhere = true;
    } else if (is_dns_label(*ns)) {
      grant.namespaces.emplace_back(*ns);
    } else {
      word.problem(str_cat(in_quotes(*ns), " is not a namespace (1-63 lower-case letters, digits or '-'), nor \"*\""));
    }
  }
  if (grant.everywhere && !grant.namespaces.empty()) list.problem("\"*\" stands for all namespaces: name no others");
}

AccessGrant read_grant(const JsonReader& item) {
  AccessGrant grant;
  JsonObject object = item.object();
  std::optional<AccessRole> role = object.optional_one_of("role", kRoles);
  if (!role && object.is_object() && !object.has("role")) object.problem("role", "is required");
  if (role) grant.role = *role;
  if (auto namespaces = object.required("namespaces")) read_namespaces(*namespaces, grant);
  if (grant.role == AccessRole::kOperator && !grant.everywhere && !grant.namespaces.empty()) {
    object.problem("namespaces", "the role operator concerns the whole mesh: it is for all namespaces, \"*\"");
  }
  object.finish();
  return grant;
}

struct Door {
  std::string_view method;  // empty: any
  std::string_view path;    // with a '/' at its end: all below
  std::optional<AccessAction> needs;
};
constexpr Door kDoors[] = {
    {"GET", "/v1/version", std::nullopt},
    {"GET", "/v1/whoami", std::nullopt},
    {"GET", "/v1/resources/", std::nullopt},
    {"DELETE", "/v1/resources/", std::nullopt},
    {"POST", "/v1/apply", std::nullopt},
    {"POST", "/v1/plan", std::nullopt},
    {"GET", "/v1/rollouts", std::nullopt},
    {"POST", "/v1/rollouts", std::nullopt},
    {"POST", "/v1/rollouts/", std::nullopt},
    {"POST", "/v1/explain", std::nullopt},
    {"GET", "/v1/status", std::nullopt},
    {"GET", "/v1/wait", std::nullopt},
    {"POST", "/v1/tokens", std::nullopt},
    {"GET", "/v1/ca", AccessAction::kReadMesh},
    {"POST", "/v1/ca/", AccessAction::kOperate},
    {"GET", "/v1/federation", AccessAction::kReadMesh},
    {"GET", "/v1/history", AccessAction::kReadMesh},
    {"GET", "/v1/history/", AccessAction::kReadMesh},
    {"GET", "/v1/diff", AccessAction::kReadMesh},
    {"", "/v1/access", AccessAction::kManageAccess},
    {"", "/v1/access/", AccessAction::kManageAccess},
};

bool opens(const Door& door, std::string_view method, std::string_view path) noexcept {
  if (!door.method.empty() && door.method != method) return false;
  return door.path.ends_with('/') ? path.starts_with(door.path) : path == door.path;
}
}  // namespace

std::string_view to_text(AccessRole role) noexcept { return kRoles[static_cast<size_t>(role)].name; }

bool is_security_kind(Kind kind) noexcept {
  return kind == Kind::kAuthorizationPolicy || kind == Kind::kWorkload || kind == Kind::kFederatedTrustDomain;
}

bool is_allowed(const AccessGrants& grants, const AccessAsk& ask) noexcept {
  return holds(grants, need_of(ask), ask.ns);
}

Result<void> may(const AccessGrants& grants, const AccessAsk& ask) {
  Need need = need_of(ask);
  if (holds(grants, need, ask.ns)) return {};
  std::string_view where = need.everywhere ? " for all namespaces" : " there";
  return make_error(Reason::kForbidden,
                    str_cat("this token may not ", said(ask), ": it needs the role ", to_text(need.role), where),
                    Origin::kDownstream);
}

Result<void> may_give(const AccessGrants& giver, const AccessGrants& given) {
  for (const AccessGrant& grant : given) {
    if (grant.everywhere && !holds(giver, {grant.role, true}, "")) return not_held(grant, "");
    for (const std::string& ns : grant.namespaces) {
      if (!holds(giver, {grant.role, false}, ns)) return not_held(grant, ns);
    }
  }
  return {};
}

std::optional<AccessAction> access_door(std::string_view method, std::string_view path) noexcept {
  for (const Door& door : kDoors) {
    if (opens(door, method, path)) return door.needs;
  }
  return AccessAction::kUnlisted;
}

std::string to_text(const AccessGrants& grants) {
  std::string out;
  for (const AccessGrant& grant : grants) {
    out.append(out.empty() ? "" : " ").append(to_text(grant.role)).append(":");
    out.append(grant.everywhere ? std::string(kEverywhere) : join(grant.namespaces, ","));
  }
  return out;
}

void write_grants(JsonWriter& out, const AccessGrants& grants) {
  out.begin_array();
  for (const AccessGrant& grant : grants) {
    out.begin_object().field("role", to_text(grant.role)).key("namespaces").begin_array();
    if (grant.everywhere) out.string(kEverywhere);
    for (const std::string& ns : grant.namespaces) out.string(ns);
    out.end_array().end_object();
  }
  out.end_array();
}

AccessGrants read_grants(const std::vector<JsonReader>& items) {
  AccessGrants out;
  for (const JsonReader& item : items) out.push_back(read_grant(item));
  return out;
}

Result<AccessGrants> parse_grants(std::string_view json) {
  Result<JsonValue> document = JsonValue::parse(json);
  if (!document) return make_error(Reason::kInternal, str_cat("grants: ", document.error().detail));
  Problems problems;
  AccessGrants grants = read_grants(JsonReader(*document, "grants", problems).array({1, kMaxGrants}));
  if (problems.empty()) return grants;
  return make_error(Reason::kInternal, problems.text());
}
}  // namespace heddle
