// Whether an answer says "not now, you ask too much". Such answers are quick, and a balancer that goes by latency would
// send there what is refused there. Pure.
#pragma once
#include "lib/http/head.h"

namespace heddle {
// 429 (RFC 6585 §4), or a trailers-only answer of gRPC (a head that is all of it: `end`) with RESOURCE_EXHAUSTED,
// status
// 8. A status of gRPC in trailers comes when the answer is over and is not looked at.
bool is_rate_limited(const ResponseHead&, bool end) noexcept;
}  // namespace heddle
