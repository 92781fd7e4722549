// What an upstream's answer says of gRPC before it is passed on, and whether it says "not now, you ask too much": such
// answers are quick, and a balancer that goes by latency would send there what is refused there. Pure.
#pragma once
#include <optional>

#include "lib/http/head.h"

namespace heddle {
// The status of a trailers-only answer (a head that is all of it: `end`). One in trailers comes when the answer is with
// the client and is not looked at.
std::optional<unsigned> grpc_status_of(const ResponseHead&, bool end) noexcept;
// 429 (RFC 6585 §4), or RESOURCE_EXHAUSTED as the status of gRPC.
bool is_rate_limited(const ResponseHead&, bool end) noexcept;
}  // namespace heddle
