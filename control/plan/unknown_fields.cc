// What of a request decides and was not kept. A condition on an unknown field may hold or not; where the answer is the
// same both ways, it does not matter.
#include <algorithm>

#include "control/plan/plan_judge.h"
#include "control/plan/secret_names.h"
#include "lib/base/strings.h"
#include "lib/routing/route_filters.h"

namespace heddle {
namespace {
using Names = std::vector<std::string>;

void add(Names& out, std::string name) {
  if (std::find(out.begin(), out.end(), name) == out.end()) out.push_back(std::move(name));
}
void add_all(Names& out, const Names& more) {
  for (const std::string& name : more) add(out, name);
}
std::string header(std::string_view name) { return str_cat("header ", SecretNames::origin(name)); }

// Takes out what is not known.
Names relax(MatchConditions& conditions, const KeptRequest& request) {
  Names out;
  std::erase_if(conditions.headers, [&](const NameValueMatch& match) {
    bool is_unknown = !request.knows_header(match.name);
    if (is_unknown) add(out, header(match.name));
    return is_unknown;
  });
  std::erase_if(conditions.query, [&](const NameValueMatch& match) {
    bool is_unknown = !request.knows_query(match.name);
    if (is_unknown) add(out, str_cat("query parameter ", match.name));
    return is_unknown;
  });
  return out;
}

Names relax(AuthzRule& rule, const KeptRequest& request) {
  Names out;
  if (!rule.to) return out;
  for (AuthzOperation& operation : *rule.to) {
    if (!operation.headers || operation.headers->empty()) continue;  // an empty list matches nothing
    std::erase_if(*operation.headers, [&](const AuthzHeader& wanted) {
      bool is_unknown = !request.knows_header(wanted.name);
      if (is_unknown) add(out, header(wanted.name));
      return is_unknown;
    });
    if (operation.headers->empty()) operation.headers.reset();
  }
  return out;
}

// Every rule that is asked and whose outcome an unknown field may turn.
class Doubts final : public AuthzWatcher {
 public:
  Doubts(const AuthzFacts& facts, const KeptRequest& request) : facts_(facts), request_(request) {}
  void on_rule(const AuthorizationPolicySpec& policy, uint32_t index, RuleOutcome outcome) override {
    AuthzRule rule = policy.rules[index];
    Names unknown = relax(rule, request_);
    if (unknown.empty()) return;
    bool may_turn = counts(policy.action, judge_rule(policy.action, rule, facts_)) != counts(policy.action, outcome);
    if (may_turn) add_all(names, unknown);
  }
  Names names;

 private:
  const AuthzFacts& facts_;
  const KeptRequest& request_;
};

// As if the rules of this action had every field they ask for and nobody knows.
AuthzSet relaxed(const AuthzSet& set, AuthzAction action, const KeptRequest& request) {
  std::vector<AuthzSet::Policy> out(set.all().begin(), set.all().end());
  for (AuthzSet::Policy& policy : out) {
    if (policy->action != action || policy->default_action) continue;
    auto copy = std::make_shared<AuthorizationPolicySpec>(*policy);
    for (AuthzRule& rule : copy->rules) relax(rule, request);
    policy = std::move(copy);
  }
  return AuthzSet(std::move(out));
}
}  // namespace

std::vector<std::string> unknown_conditions(const MatchConditions& wanted, const KeptRequest& request) {
  MatchConditions rest = wanted;
  Names unknown = relax(rest, request);
  if (unknown.empty() || !check_match(rest, request.facts())) return {};
  return unknown;
}

// At best all unknown fields fit allow rules and none fits a deny rule, at worst the reverse.
std::vector<std::string> unknown_authorization(const AuthzSet& set, const AuthzFacts& facts,
                                               const KeptRequest& request) {
  if (facts.request == nullptr) return {};
  Doubts doubts(facts, request);
  authorize(set, facts, &doubts);
  if (doubts.names.empty()) return {};
  bool at_best = authorize(relaxed(set, AuthzAction::kAllow, request), facts).allowed;
  bool at_worst = authorize(relaxed(set, AuthzAction::kDeny, request), facts).allowed;
  return at_best == at_worst ? Names() : std::move(doubts.names);
}

std::vector<std::string> unknown_limit(const RateLimit& limit, const KeptRequest& request) {
  RequestFacts facts = request.facts();
  if (check_rate_limit(limit, facts)) return {};
  RateLimit rest = limit;
  Names unknown;
  for (HttpMatch& match : rest.matches) {
    MatchConditions conditions = *match.conditions;
    add_all(unknown, relax(conditions, request));
    match.conditions = Rare<MatchConditions>(std::move(conditions));
  }
  return check_rate_limit(rest, facts) ? unknown : Names();
}

std::vector<std::string> unknown_filters(const RouteFilters& filters, const KeptRequest& request) {
  Names out;
  if (filters.cors() != nullptr && request.head().method() == "OPTIONS") {
    for (std::string_view name : {"origin", "access-control-request-method"}) {
      if (!request.knows_header(name)) add(out, header(name));
    }
  }
  if (filters.abort() == nullptr) return out;
  Names of_fault;
  for (const FieldText& wanted : filters.extension()->fault->headers) {
    if (!request.knows_header(wanted.name)) {
      add(of_fault, header(wanted.name));
    } else if (request.head().fields().get(wanted.name) != wanted.value) {
      return out;  // it does not apply
    }
  }
  add_all(out, of_fault);
  return out;
}
}  // namespace heddle
