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

std::string token_text(const ExplainedSession& session) {
  switch (session.verdict) {
    case SessionVerdict::kNone:
      return "no token in the request";
    case SessionVerdict::kMalformed:
      return "what the request carries is no token";
    case SessionVerdict::kForeign:
      return "the token is of another rule, or of a backend set that this one does not name";
    case SessionVerdict::kGone:
      return str_cat("the token names an endpoint that ", session.backend_set, " does not have, or that has no weight");
    default:
      return str_cat("the token names ", session.endpoint.empty() ? "an endpoint" : session.endpoint, " of ",
                     session.backend_set, ": it goes there, before weights and the balancer, while that is healthy",
                     until_text(session));
  }
}

// Only of listed endpoints: those of DNS are known to sidecars.
void find_endpoint(const BackendSetSpec& set, const SessionToken& token, ExplainedSession& out) {
  if (set.dns) return;
  uint64_t scope = session_scope(set.key);
  auto found = std::find_if(set.endpoints.begin(), set.endpoints.end(), [&](const Endpoint& endpoint) {
    return session_endpoint(scope, endpoint.address()) == token.endpoint;
  });
  bool is_there = found != set.endpoints.end() && found->weight > 0;
  if (is_there) out.endpoint = found->address().text();
  if (!is_there) out.verdict = SessionVerdict::kGone;
}

void explain_token(const Snapshot& snapshot, const SessionPersistence& rule, const FoundSession& found,
                   ExplainedSession& out) {
  out.verdict = found.verdict;
  if (!found) return;
  const BackendSetSpec& set = *snapshot.backend_set(rule.set(found.backend))->spec;
  out.backend_set = short_name(set.key);
  out.begun = session_time(found.token.begun);
  if (out.absolute) out.expires = *out.begun + *out.absolute;
  if (out.idle) out.idle_expires = session_time(found.token.seen) + *out.idle;
  find_endpoint(set, found.token, out);
}
}  // namespace

void explain_session(const Snapshot& snapshot, const Decision& decision, const RequestHead& request, Explanation& out) {
  const SessionPersistence& rule = *decision.rule->session;
  ExplainedSession& session = out.session.emplace();
  session.type = rule.spec().type;
  session.name = rule.name();
  if (session.type == SessionType::kCookie) session.path = session_cookie_path(decision.candidate->match().path);
  session.absolute = rule.spec().absolute;
  session.idle = rule.spec().idle;
  session.permanent = rule.spec().permanent;
  explain_token(snapshot, rule, rule.find(request.fields()), session);
  out.trace.add("session persistence", rule_text(session));
  out.trace.add("session", token_text(session));
  // A session goes on where weights send nobody.
  bool is_weightless = out.reason == Reason::kBackendSetMissing || out.reason == Reason::kNoHealthyEndpoint;
  if (session.verdict == SessionVerdict::kValid && is_weightless) out.reason = Reason::kNone;
}
}  // namespace heddle
