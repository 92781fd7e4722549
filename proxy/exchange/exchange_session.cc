// The part of Exchange that session persistence needs: the answer says where the session stays.
#include "proxy/exchange/exchange.h"

namespace heddle {
// Whoever answered, after whatever tries. Where the head has no room, the answer is worth more than its token: the next
// request begins another session.
void Exchange::tell_session(ResponseHead& head) const {
  const SessionUse& use = target_.session;
  WallTime now = services_.loop.wall();
  std::optional<SessionToken> token = use.rule->next(use.found, use.backend, pick_->session(), now);
  if (token) static_cast<void>(use.rule->write(*token, use.match, now, head.fields()));
}
}  // namespace heddle
