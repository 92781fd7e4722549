// The part of Exchange that refuses when there is too much: of this worker, or for the application behind it.
#include "lib/base/assert.h"
#include "proxy/exchange/exchange.h"

namespace heddle {
namespace {
constexpr std::string_view kRetryAfterSeconds = "1";
constexpr std::string_view kPushbackMs = "1000";
}  // namespace

bool Exchange::is_let_in() {
  OverloadNote note;
  MonoTime now = services_.loop.now();
  if (!services_.overload->admit(request_, downstream_->connection(), now, permit_, note)) {
    refuse_overload(note);
    return false;
  }
  if (request_ended_) permit_.on_request_end(now);
  return true;
}

// Who is refused for overload has done nothing that a rate limit should remember.
bool Exchange::is_within_limits() {
  bool is_counted = services_.limits != nullptr && !services_.limits->is_open();
  if (is_counted) {
    Reason refused = services_.limits->take(request_, downstream_->connection(), services_.loop.now(), summary_.rate);
    if (refused != Reason::kNone) {
      reply(make_error(refused, ""));
      return false;
    }
  }
  if (!is_gated() || is_let_in()) return true;
  if (is_counted) services_.limits->give_back();
  return false;
}

// Callers that retry wait a moment first; gRPC's know that by its own field (gRFC A6).
void Exchange::refuse_overload(const OverloadNote& note) {
  Error why = make_error(Reason::kOverload, "");
  stop_for(why.reason);
  ReasonDisclosure disclosure = disclosure_to(downstream_->connection(), services_.direction);
  LocalReply answer = make_local_reply(request_, why, disclosure, services_.loop.blocks());
  HeaderMap& fields = answer.head.fields();
  bool fits = is_grpc(request_) ? fields.add("grpc-retry-pushback-ms", kPushbackMs)
                                : fields.add(HeaderName::kRetryAfter, kRetryAfterSeconds);
  if (note.caller_may_read) fits = fits && fields.set(HeaderName::kHeddleReason, overload_reason_text(note));
  HEDDLE_ASSERT(fits);  // a fresh arena
  static_cast<void>(fits);
  send_reply(std::move(answer));
}
}  // namespace heddle
