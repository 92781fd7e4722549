#include "lib/base/strings.h"
#include "lib/config/effective_backend_set.h"
#include "lib/decision/explain.h"
#include "lib/decision/labels.h"

namespace heddle {
namespace {
// What a set says itself is in its own document.
std::string author_of(const BackendSetParts& parts) {
  if (const TrafficPolicySpec* policy = lb_policy_of(parts)) return label(policy->key);
  bool is_inherited = parts.parent != nullptr && !parts.own->says_lb;
  return is_inherited ? label(parts.parent->key) : std::string();
}

std::string subset_text(const BackendSetEntry& set) {
  return str_cat(std::to_string(set.spec->endpoints.size()), " of ", std::to_string(set.parts.parent->endpoints.size()),
                 " endpoints of ", label(set.parts.parent->key), ": those with ",
                 labels_text(set.spec->subset->labels));
}
}  // namespace

void explain_balancing(const BackendSetEntry& set, ExplainedBackends& out, Trace& trace) {
  if (set.parts.parent != nullptr) {
    out.subset_of = short_name(set.parts.parent->key);
    trace.add("subset", str_cat(out.name, " is ", subset_text(set)));
  }
  std::string author = author_of(set.parts);
  if (author.empty()) return;
  out.balancing = lb_text(set.spec->lb);
  trace.add("balancing", str_cat(out.name, ": ", out.balancing, ", says ", author));
}
}  // namespace heddle
