#include <algorithm>

#include "lib/base/strings.h"
#include "lib/decision/explain.h"
#include "lib/decision/labels.h"
#include "lib/routing/session_persistence.h"

namespace heddle {
namespace {
std::string rule_text(const ExplainedSession& session) {
  std::string out = str_cat(to_text(session.type), " ", session.name);
  if (!session.path.empty()) out.append(str_cat(", Path=", session.path));
  if (session.absolute) out.append(str_cat(", absoluteTimeout ", format_duration(*session.absolute)));
  if (session.idle) out.append(str_cat(", idleTimeout ", format_duration(*session.idle)));
  return session.permanent ? out + ", Permanent" : out;
}

std::string until_text(const ExplainedSession& session) {
  std::string out;
  if (session.expires) out.append(str_cat(", until ", format_time(*session.expires)));
  if (session.idle_expires) {
    out.append(
        str_cat(session.expires ? " and " : ", ", "while it is used before ", format_time(*session.idle_expires)));
  }
  return out;
}

// The address is there where the set lists it: then a live sidecar says that it gets nothing.
std::string gone_text(const ExplainedSession& session) {
  if (!session.endpoint.empty()) {
    return str_cat("the token names ", session.endpoint, " of ", session.backend_set, ", which is not healthy now");
  }
  return str_cat("the token names an endpoint that ", session.backend_set, " does not have, or that has no weight",
                 session.is_dns ? ", or that is not healthy" : "");
}

std::string valid_text(const ExplainedSession& session) {
  return str_cat("the token names ", session.endpoint.empty() ? "an endpoint" : session.endpoint, " of ",
                 session.backend_set, ": it goes there, before weights and the balancer, while that is healthy",
                 until_text(session));
}

std::string token_text(const ExplainedSession& session) {
  switch (session.verdict) {
    case SessionVerdict::kNone:
      return "no token in the request";
    case SessionVerdict::kMalformed:
      return "what the request carries is no token";
    case SessionVerdict::kForeign:
      return "the token is of another rule, or of a backend set that this one does not name";
    case SessionVerdict::kFuture:
      return "the token is of a time that has not come";
    case SessionVerdict::kExpired:
      return "the token is over: absoluteTimeout";
    case SessionVerdict::kIdle:
      return "the token is over: idleTimeout";
    case SessionVerdict::kGone:
      return gone_text(session);
    case SessionVerdict::kValid:
      break;
  }
  return valid_text(session);
}

// Only of listed endpoints: those of DNS are known to sidecars. nullptr: there is none, or it has no weight.
const Endpoint* find_endpoint(const BackendSetSpec& set, const SessionToken& token) {
  uint64_t scope = session_scope(set.key);
  auto found = std::find_if(set.endpoints.begin(), set.endpoints.end(), [&](const Endpoint& endpoint) {
    return session_endpoint(scope, endpoint.address()) == token.endpoint;
  });
  return found != set.endpoints.end() && found->weight > 0 ? &*found : nullptr;
}

void explain_token(const Snapshot& snapshot, const SessionPersistence& rule, const FoundSession& found,
                   ExplainedSession& out) {
  out.verdict = found.verdict;
  if (found.verdict < SessionVerdict::kFuture) return;  // of another rule, or of none
  const BackendSetSpec& set = *snapshot.backend_set(rule.set(found.backend))->spec;
  out.backend_set = short_name(set.key);
  out.begun = session_time(found.token.begun);
  if (out.absolute) out.expires = *out.begun + *out.absolute;
  if (out.idle) out.idle_expires = session_time(found.token.seen) + *out.idle;
  out.is_dns = set.dns.has_value();
  if (const Endpoint* endpoint = find_endpoint(set, found.token)) out.endpoint = endpoint->address().text();
}
}  // namespace

void follow_session(const Snapshot& snapshot, const RequestHead& request, Decision& decision) {
  if (decision.candidate == nullptr || !decision.candidate->has_session) return;
  const SessionPersistence& rule = *decision.rule->session;
  decision.session = rule.find(request.fields());
  if (!decision.session) return;
  const BackendSetEntry* set = snapshot.backend_set(rule.set(decision.session.backend));
  bool is_there = set->spec->dns || find_endpoint(*set->spec, decision.session.token) != nullptr;
  if (!is_there) {
    decision.session.verdict = SessionVerdict::kGone;
    return;
  }
  decision.backends = set;
  decision.reason = Reason::kNone;  // also where every weight is zero
}

void explain_session(const Snapshot& snapshot, const Decision& decision, Explanation& out) {
  const SessionPersistence& rule = *decision.rule->session;
  ExplainedSession& session = out.session.emplace();
  session.type = rule.spec().type;
  session.name = rule.name();
  if (session.type == SessionType::kCookie) session.path = session_cookie_path(decision.candidate->match().path);
  session.absolute = rule.spec().absolute;
  session.idle = rule.spec().idle;
  session.permanent = rule.spec().permanent;
  explain_token(snapshot, rule, decision.session, session);
  out.trace.add("session persistence", rule_text(session));
  out.trace.add("session", token_text(session));
}
}  // namespace heddle
