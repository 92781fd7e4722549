#include <algorithm>
#include <set>

#include "lib/base/strings.h"
#include "lib/decision/explain.h"
#include "lib/decision/labels.h"
#include "lib/policy/authz.h"

namespace heddle {
namespace {
constexpr size_t kMaxReceivers = 16;  // identities that are judged; replicas share one

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

struct Receivers {
  std::set<std::string> identities;
  bool others = false;  // endpoints without a sidecar, or more than are judged
};

Receivers receivers_of(const Explanation& found) {
  Receivers out;
  for (const ExplainedBackends& backends : found.backends) {
    if (backends.percent == 0) continue;
    for (const ExplainedEndpoint& endpoint : backends.endpoints) {
      if (endpoint.weight == 0) continue;
      bool fits = !endpoint.identity.empty() && out.identities.size() < kMaxReceivers;
      if (fits) out.identities.insert(endpoint.identity);
      out.others = out.others || !fits;
    }
  }
  return out;
}

std::string rule_text(const AuthzVerdict& verdict) {
  if (verdict.policy == nullptr) return {};
  if (verdict.cause == AuthzCause::kRule) return std::to_string(verdict.rule);
  return verdict.cause == AuthzCause::kDefault ? "default" : "none";
}

// A rule that needs the port counts as matching for deny and as not matching for allow: "allowed" is certain.
ExplainedAuthorization judge(const Model& model, const SpiffeId& receiver, const ExplainQuery& query, Trace& trace) {
  using Verdict = ExplainedAuthorization::Verdict;
  ExplainedAuthorization out{receiver.text(), Verdict::kAllowed, {}, {}};
  auto set = select_authz(model, authz_subject(model.workloads, receiver));
  if (set == nullptr) {
    trace.add("authorization", str_cat("no policy protects ", out.identity));
    return out;
  }
  Tracer tracer(out.identity, trace);
  AuthzVerdict verdict = authorize(*set, {&*query.from(), receiver.trust_domain_name(), 0, &query.head()}, &tracer);
  if (!verdict.allowed && tracer.depends_on_port()) {
    out.verdict = Verdict::kDependsOnPort;
  } else {
    out.verdict = verdict.allowed ? Verdict::kAllowed : Verdict::kDenied;
    if (verdict.policy != nullptr) out.policy = short_name((*verdict.policy)->key);
    out.rule = rule_text(verdict);
  }
  std::string by = out.policy.empty() ? std::string() : str_cat(" by ", out.policy, " rule ", out.rule);
  trace.add("authorization", str_cat(to_text(out.verdict), " at ", out.identity, by));
  return out;
}
}  // namespace

std::string_view to_text(ExplainedAuthorization::Verdict verdict) noexcept {
  constexpr std::string_view kNames[] = {"allowed", "denied", "depends-on-port"};
  return kNames[static_cast<size_t>(verdict)];
}

void explain_authorization(const Model& model, const ExplainQuery& query, Explanation& out) {
  if (model.authorization_policies.empty()) return;
  if (!query.from()) return out.trace.add("authorization", "not judged, no identity is given");
  Receivers receivers = receivers_of(out);
  for (const std::string& identity : receivers.identities) {
    out.authorizations.push_back(judge(model, *SpiffeId::parse(identity), query, out.trace));
  }
  if (receivers.identities.empty()) return out.trace.add("authorization", "not judged, no endpoint has an identity");
  auto denies = [](const ExplainedAuthorization& one) {
    return one.verdict == ExplainedAuthorization::Verdict::kDenied;
  };
  bool by_all = std::all_of(out.authorizations.begin(), out.authorizations.end(), denies);
  if (by_all && !receivers.others) out.reason = Reason::kAuthzDenied;
}
}  // namespace heddle
