// The part of Exchange that knows when all has to be over: the route's request timeout and, of gRPC, how long the
// caller waits. Both are one deadline; which of them it was is told.
#include <algorithm>

#include "lib/base/assert.h"
#include "lib/base/deadline.h"
#include "proxy/exchange/exchange.h"

namespace heddle {
// gRPC comes over HTTP/2 alone.
Result<void> Exchange::bound() {
  MonoTime now = services_.loop.now();
  if (target_.request_timeout) over_at_ = now + *target_.request_timeout;
  if (request_.version == HttpVersion::kHttp2) {
    HEDDLE_CHECK_OK(call_.read(request_, summary_.started, target_.max_grpc_timeout));
    over_at_ = std::min(over_at_, call_.at());
  }
  if (over_at_ == CallDeadline::kNever) return {};
  if (over_at_ <= now) return make_error(Reason::kRequestTimeout, "the caller's deadline had passed");
  request_deadline_.arm(services_.loop, over_at_ - now);
  return {};
}

bool Exchange::has_time_for(Duration wait) const { return services_.loop.now() + wait < over_at_; }

// Our timers are a tick late; who was told the time breaks the stream off when it passes, which is no failure.
bool Exchange::is_past(MonoTime at) const { return at <= services_.loop.now() + TimerWheel::kTick; }

// To whom the next try goes: nobody waits for it longer.
void Exchange::tell_time_left() {
  Duration left = over_at_ - services_.loop.now();
  if (target_.try_timeout) left = std::min(left, *target_.try_timeout);
  call_.tell(request_.fields(), left);
}

// Nobody but the caller knows whether that was long enough: no endpoint is to blame. An answer that has begun ends as
// gRPC ends one that is cancelled.
void Exchange::on_call_over() {
  Error why = make_error(Reason::kRequestTimeout, "the caller's deadline passed");
  if (response_begun_) return break_off(why, ResetCode::kCancel);
  reply(why);
}

// Whose deadline it was.
void Exchange::explain_deadline(ResponseHead& answer) const {
  if (!is_past(call_.at())) return;
  bool fits = answer.fields().set(HeaderName::kHeddleReason, "request-timeout; limit=grpc-timeout");
  HEDDLE_ASSERT(fits);  // a fresh arena
  static_cast<void>(fits);
}
}  // namespace heddle
