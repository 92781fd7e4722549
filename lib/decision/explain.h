// explain(): what would become of a request, and why: decide() with a trace, and everything the draw could choose from
// instead of one draw. It knows configuration only: not health or load. Who asks
// (`from`) is authorized as the sidecars of the endpoints would do it, as far as that is configuration: which port
// an application has is not. A pure
// function of snapshot and query; control plane and command line call it, the proxy's request path never does.
// Limit: 1,000 endpoints of a backend set are listed, all are counted.
#pragma once
#include "lib/decision/decide.h"
#include "lib/decision/explain_query.h"

namespace heddle {
struct ExplainedEndpoint {
  std::string address;
  std::string identity;  // empty: none is asked for
  uint32_t weight = 1;
};

// A filter in force: what it is and what it does to this request.
struct ExplainedFilter {
  std::string kind;    // "URLRewrite"; of an HTTPRouteFilter "DirectResponse", "FaultDelay", "FaultAbort"
  std::string effect;  // "path becomes /b/c"
};

// How the rule keeps sessions, and what the token of this request means. Times are told, not judged: there is no clock.
struct ExplainedSession {
  SessionType type = SessionType::kCookie;
  std::string name;  // of the cookie or header
  std::string path;  // of the cookie
  std::optional<Duration> absolute;
  std::optional<Duration> idle;
  bool permanent = false;
  SessionVerdict verdict = SessionVerdict::kNone;  // kNone, kMalformed, kForeign, kGone, kValid
  std::string backend_set;                         // from here on of a token of this rule
  std::string endpoint;                            // address; empty: gone, or only the sidecar knows it (DNS)
  std::optional<WallTime> begun;
  std::optional<WallTime> expires;
  std::optional<WallTime> idle_expires;
};

struct ExplainedBackends {
  std::string name;  // "default/hello"
  uint32_t weight = 1;
  double percent = 100;           // of the requests that obey this rule
  Reason reason = Reason::kNone;  // kNoHealthyEndpoint: no endpoint has a weight
  std::string traffic_policy;     // "default/hello"; empty: the sidecars' defaults
  size_t endpoint_count = 0;
  std::vector<ExplainedEndpoint> endpoints;
  std::string dns;       // the name whose records the sidecar takes instead; empty: the endpoints are listed
  std::string identity;  // with `dns`: of each of them; empty: none is asked for
  std::vector<ExplainedFilter> filters;  // of the backendRef
  std::string balancing;                 // "maglev by cookie session"; empty: as the set itself says
  std::string subset_of;                 // "default/hello"; empty: it is no subset
};

// A RequestMirror of the rule. Its endpoints are not judged: nobody waits for them.
struct ExplainedMirror {
  std::string name;    // of the backend set
  double percent = 0;  // of the requests that obey this rule
};

// What the sidecars of one identity would say to `from`.
struct ExplainedAuthorization {
  enum class Verdict : uint8_t { kAllowed, kDenied, kDependsOnPort };
  std::string identity;
  Verdict verdict = Verdict::kAllowed;
  std::string policy;  // "default/cart"; empty: none decided
  std::string rule;    // "2", or a word of AuthzCause: "default", "none", "foreign" (that one without a policy, too)
};
std::string_view to_text(ExplainedAuthorization::Verdict) noexcept;  // "allowed", "denied", "depends-on-port"

// A limit that the sidecars of one identity would ask. Whether it has any left, only they know.
struct ExplainedRateLimit {
  std::string identity;
  std::string policy;  // "default/hello"
  std::string limit;
  std::string rate;  // "100 per 1s, burst 200, by sourceIdentity"
  bool enforces = true;
  std::string why_not;  // empty: it counts the request
};

struct Explanation {
  static constexpr size_t kMaxEndpoints = 1000;
  Version version;  // of the snapshot; zero: of files
  // As the sidecar would answer; kNone: the request would be sent on. kServiceUnknown, kRouteNotFound,
  // kBackendSetMissing, kNoHealthyEndpoint (of every set that may be drawn), kAuthzDenied (by all of them); where a
  // filter answers kRouteRedirect, kDirectResponse, kCorsPreflight, kFaultAbort (of every request), kBadRequest (the
  // rewrite).
  Reason reason = Reason::kNone;
  std::optional<uint16_t> status;  // of a filter's answer, where the reason does not say it
  std::string service;             // "default/hello"; empty: unknown
  uint16_t port = 0;
  std::string route;            // empty: no rule was found or asked
  std::string_view route_kind;  // "HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute"
  std::optional<uint32_t> rule;
  std::string rule_name;
  std::string match;  // "PathPrefix /a", "SNI *.example", "every connection"
  std::vector<ExplainedFilter> filters;
  std::optional<ExplainedSession> session;
  std::vector<ExplainedBackends> backends;
  std::vector<ExplainedMirror> mirrors;                // each of them stands among the filters, too
  std::vector<ExplainedAuthorization> authorizations;  // one per identity of the endpoints; empty: not judged
  std::vector<ExplainedRateLimit> rate_limits;         // of those, where authorization lets the request in
  Trace trace;
};

Explanation explain(const Snapshot&, const ExplainQuery&);
// Which timeouts and retries the rule names; which limits and times the set has; in explain_traffic.cc.
std::string retry_text(const RetrySpec&);  // "up to 2 after 502 503, backoff 25ms"
void explain_limits(const HttpRouteRule&, Trace&);
void explain_traffic(const BackendSetEntry&, ExplainedBackends&, Trace&);
// Of which set it is a subset, and who says how it balances where that is not the set alone; in explain_balancing.cc.
void explain_balancing(const BackendSetEntry&, ExplainedBackends&, Trace&);
// What it says about authorization, added to what is found already; in explain_authz.cc. `forwarded`: the request as it
// is sent on, which is what is judged; nullptr: an opaque connection.
void explain_authorization(const Model&, const ExplainQuery&, const RequestHead* forwarded, Explanation&);
// The limits of the endpoints' workloads, in the order in which they are asked; in explain_rate_limits.cc.
void explain_rate_limits(const Model&, const RequestHead& forwarded, Explanation&);
// The priority of the request where it is received, and what that is worth; in explain_overload.cc. Its answer is not
// known here: it depends on load.
void explain_overload(const Model&, const ExplainQuery&, const RequestHead& forwarded, Explanation&);
// The filters of the rule and of its backends, and an answer of theirs; what the rule changes is changed in
// `forwarded`; in explain_filters.cc.
void explain_filters(const Snapshot&, const Decision&, RequestHead& forwarded, Explanation&);
// Of a rule that keeps sessions; in explain_session.cc.
void explain_session(const Snapshot&, const Decision&, const RequestHead&, Explanation&);

// The question, the answer and every step, as docs/api.md has it.
std::string explanation_json(const ExplainQuery&, const Explanation&);
}  // namespace heddle
