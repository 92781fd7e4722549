// The part of Exchange that filters of routes need: a request is held, answered or changed before its first try, and
// its answer is changed before it is passed on.
#include <optional>
#include <utility>

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
  std::optional<RequestHead> copy;  // before the filters of the backend
  if (is_mirrored()) copy.emplace(request_.clone());
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
  if (copy) start_mirrors(*std::move(copy));
}

// What is no longer HTTP after its head would have no meaning to who sees one side of it.
bool Exchange::is_mirrored() const {
  if (services_.mirrors == nullptr || !target_.filters.filters->mirrors().hit_any(target_.filters.draw)) return false;
  return request_.protocol().empty();
}

// After the request itself, so that no mirror takes a connection before it; never of what was answered here.
void Exchange::start_mirrors(RequestHead&& head) {
  if (finished_ || response_ended_) return;
  if (!target_.filters.filters->apply_to_request(head, RouteFilters::kNoBackend)) return;  // too large as it is
  mirrors_.start(*services_.mirrors, target_, head);
  mirrors_.write(body_.all(), request_ended_ && !body_.trailers());
  if (body_.trailers()) mirrors_.trailers(*body_.trailers());
  mirrors_.open();
}
}  // namespace heddle
