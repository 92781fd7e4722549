#include "lib/base/strings.h"
#include "lib/decision/explain.h"
#include "lib/decision/labels.h"
#include "lib/decision/receivers.h"
#include "lib/policy/rate_limit.h"

namespace heddle {
namespace {
void add_limit(const SelectedRateLimit& selected, const std::string& identity, const RequestFacts& facts,
               Explanation& out) {
  const RateLimit& limit = selected.limit();
  ExplainedRateLimit one{identity,       short_name(selected.policy->key), limit.name,
                         to_text(limit), selected.policy->enforces,        why_not_limited(limit, facts)};
  std::string_view mode = one.enforces ? "" : ", only reported";
  out.trace.add(str_cat(label(selected.policy->key), " limit ", one.limit, " at ", identity),
                one.why_not.empty() ? str_cat("counts, ", one.rate, mode) : one.why_not);
  out.rate_limits.push_back(std::move(one));
}
}  // namespace

void explain_rate_limits_at(const Model& model, const AuthzSubject& subject, const std::string& receiver,
                            const RequestHead& request, Explanation& out) {
  RequestFacts facts = facts_of(request);
  for (const SelectedRateLimit& one : select_rate_limits(model, subject)) add_limit(one, receiver, facts, out);
}

void explain_rate_limits(const Model& model, const RequestHead& forwarded, Explanation& out) {
  if (model.rate_limit_policies.empty()) return;
  for (const std::string& identity : receivers_of(model, out).identities) {
    AuthzSubject subject = authz_subject(model.workloads, *SpiffeId::parse(identity));
    explain_rate_limits_at(model, subject, identity, forwarded, out);
  }
}
}  // namespace heddle
