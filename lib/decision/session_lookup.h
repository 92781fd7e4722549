// What decide() needs to keep the sessions of a rule that asks for it (lib/routing/session_persistence.h): the
// request's fields, a clock that is asked only then, and who is usable now. Views; valid during the decision.
#pragma once
#include "lib/base/clock.h"
#include "lib/http/head.h"
#include "lib/routing/session_persistence.h"

namespace heddle {
// The health view: the worker's backend sets, or what a test says.
class EndpointView {
 public:
  // Whether an endpoint of this set with this session_endpoint() may get a request now.
  virtual bool is_usable(BackendSetId set, uint64_t endpoint) const = 0;

 protected:
  ~EndpointView() = default;
};

struct SessionLookup {
  const HeaderMap& request;
  const Clock& clock;
  const EndpointView& endpoints;

  FoundSession find(const SessionPersistence& rule) const {
    FoundSession out = rule.read(request, clock.wall());
    if (out && !endpoints.is_usable(rule.set(out.backend), out.token.endpoint)) out.verdict = SessionVerdict::kGone;
    return out;
  }
};
}  // namespace heddle
