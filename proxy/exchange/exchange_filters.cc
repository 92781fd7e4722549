// The part of Exchange that filters of routes need: a request is held, answered or changed before its first try, and
// its answer is changed before it is passed on.
#include "lib/base/assert.h"
#include "proxy/exchange/exchange.h"
#include "proxy/exchange/filter_answer.h"

namespace heddle {
// The route's request timeout counts a delay in: that is what people inject it for.
void Exchange::filter_request_head() {
  Duration delay = target_.filters.filters->delay_of(request_, target_.filters.draw);
  if (delay == Duration{}) return after_delay();
  summary_.delayed = true;
  fault_delay_ = std::make_unique<FaultDeadline>(*this);
  fault_delay_->arm(services_.loop, delay);
}

void Exchange::after_delay() {
  ReasonDisclosure disclosure = disclosure_to(downstream_->connection(), services_.direction);
  auto answer = filter_request(request_, target_.filters, disclosure, services_.loop.blocks());
  if (!answer) return reply(answer.error());
  if (*answer) {
    if (is_unspeakable((*answer)->reply.head)) {
      return reply(make_error(Reason::kUpgradeRefused, "a 2xx of our own would accept it"));
    }
    stop_for((*answer)->reason);
    return send_reply(std::move((*answer)->reply));
  }
  HEDDLE_ASSERT(target_.backends != nullptr);  // else every request is answered
  start_try();
}
}  // namespace heddle
