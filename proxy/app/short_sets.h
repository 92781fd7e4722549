// What becomes of a request whose backend set has fewer healthy endpoints than its minimum (proxy/lb/minimum_share.h):
// another set of its rule that is usable gets it, by weight. Where there is none the set stays, and its pick fails with
// the reason. On a worker's loop; for all other requests one test.
#pragma once

#include "lib/decision/decide.h"
#include "proxy/app/worker_config.h"

namespace heddle {
inline bool may_leave(const Decision& decision) noexcept {
  if (decision.session) return false;  // it goes to an endpoint that is usable, whatever became of the others
  if (decision.backends == nullptr || decision.backends->spec->lb.shape.min_healthy == 0) return false;
  return decision.rule != nullptr && !decision.rule->backends.only();
}
// When another backend of the rule has it now, the decision names that one (`instead`) and its set. Counted of traffic
// only, not of a question.
void leave_if_short(const WorkerSnapshot&, uint64_t draw, Decision&, bool is_traffic = true);
}  // namespace heddle
