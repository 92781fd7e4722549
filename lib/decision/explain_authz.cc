#include <algorithm>

#include "lib/base/strings.h"
#include "lib/decision/explain.h"
#include "lib/decision/labels.h"
#include "lib/decision/receivers.h"
#include "lib/policy/authz.h"

namespace heddle {
namespace {
class Tracer final : public AuthzWatcher {
 public:
  Tracer(std::string receiver, Trace& trace) : receiver_(std::move(receiver)), trace_(trace) {}
  void on_rule(const AuthorizationPolicySpec& policy, uint32_t rule, RuleOutcome outcome) override {
    depends_ = depends_ || outcome.why == AuthzWhy::kPortNotKnown;
    trace_.add(
        str_cat(label(policy.key), " rule ", std::to_string(rule), " (", to_text(policy.action), ") at ", receiver_),
        std::string(to_text(outcome.why)));
  }
  bool depends_on_port() const noexcept { return depends_; }

 private:
  std::string receiver_;
  Trace& trace_;
  bool depends_ = false;
};

bool is_foreign_to(const SpiffeId& receiver, const SpiffeId& caller) noexcept {
  return receiver.trust_domain_name() != caller.trust_domain_name();
}

std::string rule_text(const AuthzVerdict& verdict) {
  if (verdict.cause == AuthzCause::kRule) return std::to_string(verdict.rule);
  return std::string(to_text(verdict.cause));
}

// " by default/cart rule 2"; a foreign caller may be denied without any policy.
std::string decided_by(const ExplainedAuthorization& one) {
  std::string by = one.policy.empty() ? std::string() : str_cat(" by ", one.policy, " rule ", one.rule);
  if (one.rule != to_text(AuthzCause::kForeign)) return by;
  return str_cat(by, ": ", to_text(AuthzWhy::kForeign));
}

// Who asks, and for what.
struct Caller {
  const SpiffeId& id;
  const RequestHead* request;  // nullptr: a connection
};

ExplainedAuthorization judge(const Model& model, const SpiffeId& receiver, const Caller& caller, Trace& trace) {
  auto set = select_authz(model, authz_subject(model.workloads, receiver));
  AuthzFacts facts{&caller.id, is_foreign_to(receiver, caller.id), 0, caller.request};
  return explain_verdict(set.get(), receiver.text(), facts, trace);
}

// Without policies there is nothing to say but of callers of other trust domains.
bool is_open_to(const Model& model, const ExplainQuery& query, const Receivers& receivers) {
  if (!model.authorization_policies.empty()) return false;
  if (!query.from()) return true;
  auto is_foreign = [&](const std::string& identity) {
    return is_foreign_to(*SpiffeId::parse(identity), *query.from());
  };
  return std::none_of(receivers.identities.begin(), receivers.identities.end(), is_foreign);
}
}  // namespace

std::string_view to_text(ExplainedAuthorization::Verdict verdict) noexcept {
  constexpr std::string_view kNames[] = {"allowed", "denied", "depends-on-port"};
  return kNames[static_cast<size_t>(verdict)];
}

// A rule that needs the port where it is not known counts as matching for deny and as not matching for allow: "allowed"
// is certain.
ExplainedAuthorization explain_verdict(const AuthzSet* set, const std::string& receiver, const AuthzFacts& facts,
                                       Trace& trace) {
  using Verdict = ExplainedAuthorization::Verdict;
  ExplainedAuthorization out{receiver, Verdict::kAllowed, {}, {}};
  if (set == nullptr) trace.add("authorization", str_cat("no policy protects ", out.identity));
  if (set == nullptr && !facts.is_foreign) return out;
  Tracer tracer(out.identity, trace);
  AuthzVerdict verdict = set == nullptr ? authorize_unprotected(facts) : authorize(*set, facts, &tracer);
  if (!verdict.allowed && tracer.depends_on_port()) {
    out.verdict = Verdict::kDependsOnPort;
  } else {
    out.verdict = verdict.allowed ? Verdict::kAllowed : Verdict::kDenied;
    if (verdict.policy != nullptr) out.policy = short_name((*verdict.policy)->key);
    out.rule = rule_text(verdict);
  }
  trace.add("authorization", str_cat(to_text(out.verdict), " at ", out.identity, decided_by(out)));
  return out;
}

void explain_authorization(const Model& model, const ExplainQuery& query, const RequestHead* forwarded,
                           Explanation& out) {
  Receivers receivers = receivers_of(model, out);
  if (is_open_to(model, query, receivers)) return;
  if (!query.from()) return out.trace.add("authorization", "not judged, no identity is given");
  for (const std::string& identity : receivers.identities) {
    out.authorizations.push_back(judge(model, *SpiffeId::parse(identity), {*query.from(), forwarded}, out.trace));
  }
  if (receivers.identities.empty()) return out.trace.add("authorization", "not judged, no endpoint has an identity");
  auto denies = [](const ExplainedAuthorization& one) {
    return one.verdict == ExplainedAuthorization::Verdict::kDenied;
  };
  bool by_all = std::all_of(out.authorizations.begin(), out.authorizations.end(), denies);
  if (by_all && !receivers.others) out.reason = Reason::kAuthzDenied;
}
}  // namespace heddle
