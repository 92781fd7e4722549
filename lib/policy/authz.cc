#include "lib/policy/authz.h"

#include <algorithm>

#include "lib/base/strings.h"
#include "lib/policy/identity_match.h"

namespace heddle {
namespace {
constexpr RuleOutcome kMatched{};
RuleOutcome no(AuthzWhy why) { return {AuthzMatch::kNo, why}; }
RuleOutcome unknown(AuthzWhy why) { return {AuthzMatch::kUnknown, why}; }
// The worse of two conditions that must both hold.
RuleOutcome both(RuleOutcome a, RuleOutcome b) { return b.match < a.match ? b : a; }

// The best of several of which one is enough.
template <class T, class Judge>
RuleOutcome any_of(const AuthzList<T>& list, Judge judge) {
  if (!list) return kMatched;
  RuleOutcome best = no(AuthzWhy::kEmpty);
  for (const T& item : *list) {
    RuleOutcome outcome = judge(item);
    if (outcome.match == AuthzMatch::kYes) return outcome;
    if (outcome.match >= best.match) best = outcome;
  }
  return best;
}

// Of the caller, in our own trust domain: in others namespaces mean something else. Empty: none.
std::string_view own_namespace(const AuthzFacts& facts) noexcept {
  if (facts.peer == nullptr || facts.is_foreign) return {};
  auto workload = facts.peer->workload();
  return workload ? workload->name_space : std::string_view();
}

// Every pattern of identities names its trust domain, so one that matches a foreign caller means it.
bool is_unnamed(AuthzAction action, bool has_identities, const AuthzFacts& facts) noexcept {
  return facts.is_foreign && action == AuthzAction::kAllow && !has_identities;
}

RuleOutcome judge_source(AuthzAction action, const AuthzSource& source, const AuthzFacts& facts) {
  if (facts.peer == nullptr) return no(AuthzWhy::kNotAuthenticated);
  if (is_unnamed(action, source.identities.has_value(), facts)) return no(AuthzWhy::kForeign);
  if (source.identities && !matches_any_identity(*source.identities, *facts.peer)) return no(AuthzWhy::kIdentity);
  if (!source.namespaces) return kMatched;
  if (facts.is_foreign) return no(AuthzWhy::kForeign);
  const auto& names = *source.namespaces;
  bool found = std::find(names.begin(), names.end(), own_namespace(facts)) != names.end();
  return found ? kMatched : no(AuthzWhy::kNamespace);
}

RuleOutcome judge_method(std::string_view wanted, std::string_view method) {
  if (wanted == method) return kMatched;
  return equals_ignore_case(wanted, method) ? unknown(AuthzWhy::kAmbiguousMethod) : no(AuthzWhy::kMethod);
}

RuleOutcome judge_path(const PathMatch& wanted, std::string_view path) {
  AuthzMatch match = match_authz_path(wanted, path);
  if (match == AuthzMatch::kYes) return kMatched;
  return match == AuthzMatch::kUnknown ? unknown(AuthzWhy::kAmbiguousPath) : no(AuthzWhy::kPath);
}

// A field that stands more than once has the value only if each of them has.
RuleOutcome judge_header(const AuthzHeader& wanted, const HeaderMap& fields) {
  size_t same = 0;
  size_t others = 0;
  for (size_t i = 0; i < fields.size(); ++i) {
    HeaderField field = fields.at(i);
    if (field.name != wanted.name) continue;
    bool fits = !wanted.value || field.value == *wanted.value;
    ++(fits ? same : others);
  }
  if (same == 0) return no(AuthzWhy::kHeader);
  return others == 0 ? kMatched : unknown(AuthzWhy::kAmbiguousHeader);
}

RuleOutcome judge_http(const AuthzOperation& operation, const RequestHead& head) {
  RuleOutcome out = any_of(operation.methods, [&](const auto& m) { return judge_method(m, head.method()); });
  out = both(out, any_of(operation.paths, [&](const auto& p) { return judge_path(p, head.path()); }));
  if (!operation.headers) return out;
  if (operation.headers->empty()) return no(AuthzWhy::kEmpty);
  for (const AuthzHeader& header : *operation.headers) out = both(out, judge_header(header, head.fields()));
  return out;
}

RuleOutcome judge_port(uint16_t wanted, uint16_t port) {
  if (port == 0) return unknown(AuthzWhy::kPortNotKnown);
  return wanted == port ? kMatched : no(AuthzWhy::kPort);
}

bool matches_nothing(const AuthzOperation& operation) {
  return (operation.methods && operation.methods->empty()) || (operation.paths && operation.paths->empty()) ||
         (operation.headers && operation.headers->empty());
}

RuleOutcome judge_operation(const AuthzOperation& operation, const AuthzFacts& facts) {
  RuleOutcome port = any_of(operation.ports, [&](uint16_t p) { return judge_port(p, facts.port); });
  if (!operation.methods && !operation.paths && !operation.headers) return port;
  if (facts.request != nullptr) return both(port, judge_http(operation, *facts.request));
  return both(port, matches_nothing(operation) ? no(AuthzWhy::kEmpty) : unknown(AuthzWhy::kNeedsHttp));
}

std::optional<uint32_t> find_rule(const AuthorizationPolicySpec& policy, const AuthzFacts& facts,
                                  AuthzWatcher* watcher) {
  for (uint32_t i = 0; i < policy.rules.size(); ++i) {
    RuleOutcome outcome = judge_rule(policy.action, policy.rules[i], facts);
    if (watcher != nullptr) watcher->on_rule(policy, i, outcome);
    if (counts(policy.action, outcome)) return i;
  }
  return std::nullopt;
}

AuthzVerdict judge_default(const AuthzSet& set, const AuthzFacts& facts) {
  const AuthzSet::Policy* policy = set.default_policy();
  if (policy == nullptr) return authorize_unprotected(facts);
  if (facts.is_foreign && *(*policy)->default_action != AuthzDefault::kDenyAll) {
    return {false, AuthzCause::kForeign, policy, 0};
  }
  bool allowed = false;
  switch (*(*policy)->default_action) {
    case AuthzDefault::kAllowAll:
      allowed = true;
      break;
    case AuthzDefault::kMeshOnly:
      allowed = facts.peer != nullptr;
      break;
    case AuthzDefault::kDenyAll:
      break;
  }
  return {allowed, AuthzCause::kDefault, policy, 0};
}

int rank(const AuthorizationPolicySpec& policy) {
  if (policy.default_action) return policy.key.ns == kMeshNamespace ? 4 : 3;
  if (policy.action == AuthzAction::kAudit) return 0;
  return policy.action == AuthzAction::kDeny ? 1 : 2;
}
}  // namespace

AuthzSubject authz_subject(const SpecMap<WorkloadSpec>& workloads, const SpiffeId& identity) {
  AuthzSubject out;
  if (auto own = identity.workload()) out.namespaces.emplace(own->name_space);
  for (const auto& [key, workload] : workloads) {
    if (workload->identity != identity) continue;
    out.namespaces.insert(key.ns);
    out.workloads.push_back(workload.get());
  }
  return out;
}

bool selects(const AuthorizationPolicySpec& policy, const AuthzSubject& subject) noexcept {
  if (policy.default_action && policy.key.ns == kMeshNamespace) return true;
  return selects(policy.target, policy.key.ns, subject);
}

bool selects(const std::optional<AuthzTarget>& target, std::string_view ns, const AuthzSubject& subject) noexcept {
  if (!target) return subject.namespaces.contains(ns);
  auto is_target = [&](const WorkloadSpec* workload) {
    if (workload->key.ns != ns) return false;
    if (target->kind == Kind::kWorkload) return workload->key.name == target->name;
    const auto& services = workload->services;
    return std::find(services.begin(), services.end(), target->name) != services.end();
  };
  return std::any_of(subject.workloads.begin(), subject.workloads.end(), is_target);
}

AuthzSet::AuthzSet(std::vector<Policy> selected) : policies_(std::move(selected)) {
  auto before = [](const Policy& a, const Policy& b) {
    int x = rank(*a);
    int y = rank(*b);
    if (x != y) return x < y;
    if (a->default_action != b->default_action) return a->default_action > b->default_action;  // the strictest
    return a->key < b->key;
  };
  std::sort(policies_.begin(), policies_.end(), before);
  auto end_of = [this](int last) {
    auto at = std::find_if(policies_.begin(), policies_.end(), [&](const Policy& p) { return rank(*p) > last; });
    return static_cast<size_t>(at - policies_.begin());
  };
  audit_end_ = end_of(0);
  deny_end_ = end_of(1);
  allow_end_ = end_of(2);
}

const AuthzSet::Policy* AuthzSet::default_policy() const noexcept {
  return allow_end_ == policies_.size() ? nullptr : &policies_[allow_end_];
}

std::shared_ptr<const AuthzSet> select_authz(const Model& model, const AuthzSubject& subject) {
  std::vector<AuthzSet::Policy> selected;
  for (const auto& [key, policy] : model.authorization_policies) {
    if (selects(*policy, subject)) selected.push_back(policy);
  }
  if (selected.empty()) return nullptr;
  return std::make_shared<const AuthzSet>(std::move(selected));
}

std::string_view to_text(AuthzWhy why) noexcept {
  constexpr std::string_view kTexts[] = {
      "matches",
      "the caller proved no identity",
      "the caller's identity is not among those",
      "the caller's namespace is not among those",
      "the caller is of another trust domain, which only identities name",
      "method differs",
      "path differs",
      "port differs",
      "header differs",
      "an empty list matches nothing",
      "needs HTTP, this is opaque TCP",
      "the method differs in case only",
      "applications may read the path in two ways",
      "the header stands more than once, with other values",
      "depends on the application's port, which only the sidecar knows",
  };
  return kTexts[static_cast<size_t>(why)];
}

std::string_view to_text(AuthzCause cause) noexcept {
  constexpr std::string_view kTexts[] = {"", "rule", "none", "default", "foreign"};
  return kTexts[static_cast<size_t>(cause)];
}

RuleOutcome judge_rule(AuthzAction action, const AuthzRule& rule, const AuthzFacts& facts) noexcept {
  if (is_unnamed(action, rule.from.has_value(), facts)) return no(AuthzWhy::kForeign);
  RuleOutcome from = any_of(rule.from, [&](const AuthzSource& s) { return judge_source(action, s, facts); });
  if (from.match == AuthzMatch::kNo) return from;
  return both(from, any_of(rule.to, [&](const AuthzOperation& o) { return judge_operation(o, facts); }));
}

bool counts(AuthzAction action, RuleOutcome outcome) noexcept {
  if (outcome.match == AuthzMatch::kUnknown) return action != AuthzAction::kAllow;
  return outcome.match == AuthzMatch::kYes;
}

std::optional<uint32_t> find_rule(const AuthorizationPolicySpec& policy, const AuthzFacts& facts) noexcept {
  return find_rule(policy, facts, nullptr);
}

bool may_read(const AuthorizationPolicySpec& policy, const AuthzFacts& facts) noexcept {
  return may_read(policy.key.ns, facts);
}

bool may_read(std::string_view policy_ns, const AuthzFacts& facts) noexcept {
  return own_namespace(facts) == policy_ns;
}

AuthzVerdict authorize(const AuthzSet& set, const AuthzFacts& facts, AuthzWatcher* watcher) {
  for (const AuthzSet::Policy& policy : set.deny()) {
    if (auto rule = find_rule(*policy, facts, watcher)) return {false, AuthzCause::kRule, &policy, *rule};
  }
  for (const AuthzSet::Policy& policy : set.allow()) {
    if (auto rule = find_rule(*policy, facts, watcher)) return {true, AuthzCause::kRule, &policy, *rule};
  }
  if (!set.allow().empty()) return {false, AuthzCause::kNoAllowRule, &set.allow().front(), 0};
  return judge_default(set, facts);
}

AuthzVerdict authorize_unprotected(const AuthzFacts& facts) noexcept {
  if (facts.is_foreign) return {false, AuthzCause::kForeign, nullptr, 0};
  return {};
}
}  // namespace heddle
