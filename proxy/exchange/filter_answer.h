// What the filters of a route make of one exchange: the request goes on, changed, or is answered here; and its answer
// is changed on the way back. Called once per request and once per answer, only where there are filters. Pure but for
// the pool that heads live in; rules and order: lib/routing/route_filters.h.
#pragma once
#include <optional>

#include "lib/routing/route_filters.h"
#include "proxy/exchange/local_reply.h"

namespace heddle {
// route-redirect, direct-response, cors-preflight or fault-abort, and what is sent for it.
struct FilterAnswer {
  Reason reason = Reason::kNone;
  LocalReply reply;  // its body lives as long as the snapshot
};

// Nothing: the request is to be sent. An error: it cannot be (bad-request, uri-too-long, request-head-too-large).
Result<std::optional<FilterAnswer>> filter_request(RequestHead&, const FilterUse&, ReasonDisclosure, BlockPool&);
// Of an upstream. kUpstreamHeadTooLarge.
Result<void> filter_answer(const RequestHead&, const FilterUse&, ResponseHead&);
}  // namespace heddle
