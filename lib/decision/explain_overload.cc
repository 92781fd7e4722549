#include "lib/base/strings.h"
#include "lib/decision/explain.h"
#include "lib/decision/labels.h"
#include "lib/decision/receivers.h"
#include "lib/policy/priority.h"

namespace heddle {
namespace {
std::string limits_text(const AdaptiveConcurrencySpec& spec) {
  return str_cat("the adaptive limit (", std::to_string(spec.min_limit), "-", std::to_string(spec.max_limit), ")");
}

// "may fill 50 % of the adaptive limit (3-1000), refused under any pressure"
std::string worth_text(const OverloadSpec& spec, RequestPriority priority) {
  bool is_critical = priority == RequestPriority::kCritical;
  std::string out;
  if (spec.adaptive && is_critical) {
    out = str_cat("may go beyond ", limits_text(*spec.adaptive), " up to its maximum, ");
  } else if (spec.adaptive) {
    out = str_cat("may fill ", std::to_string(share_percent(spec, priority)), " % of ", limits_text(*spec.adaptive),
                  ", ");
  }
  if (is_critical) return str_cat(out, "not refused for pressure");
  return str_cat(
      out, priority == RequestPriority::kLow ? "refused under tight or full pressure" : "refused under full pressure");
}

std::string priority_text(const PriorityVerdict& verdict, std::string_view workload) {
  std::string by = verdict.rule ? str_cat(" rule ", std::to_string(*verdict.rule)) : std::string(", no rule matches");
  std::string out = str_cat(to_text(verdict.priority), " by Workload ", workload, by);
  if (verdict.depends_on_port) out.append(" (a rule asks for the application's port, which only the sidecar knows)");
  return out;
}
}  // namespace

bool explain_overload_at(const Model& model, const SpiffeId& receiver, const AuthzFacts& facts, Explanation& out) {
  auto workload = overload_of(model.workloads, receiver);
  if (workload == nullptr) return false;
  if (is_health_probe(*facts.request)) {
    out.trace.add("priority", str_cat("a health probe at ", receiver.text(), ": let in before the adaptive limit"));
    return true;
  }
  PriorityVerdict verdict = priority_of(*workload->overload, facts);
  out.trace.add("priority", str_cat(priority_text(verdict, short_name(workload->key)), " at ", receiver.text(), ": ",
                                    worth_text(*workload->overload, verdict.priority)));
  return true;
}

void explain_overload(const Model& model, const ExplainQuery& query, const RequestHead& forwarded, Explanation& out) {
  for (const std::string& identity : receivers_of(model, out).identities) {
    SpiffeId receiver = *SpiffeId::parse(identity);
    AuthzFacts facts;
    if (query.from()) facts.peer = &*query.from();
    facts.is_foreign = query.from() && query.from()->trust_domain_name() != receiver.trust_domain_name();
    facts.request = &forwarded;
    static_cast<void>(explain_overload_at(model, receiver, facts, out));
  }
}
}  // namespace heddle
